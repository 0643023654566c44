/* What PID 1 reads before there is anyone to ask: a superblock off whatever disk is there, depmod's files, the kernel command
 * line, board.conf, the init of a root that is handed over to. The first byte says which. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "exact.h"
#include "init/board.h"
#include "init/handover_judge.h"
#include "init/module_index.h"
#include "init/next_root.h"
#include "init/superblock.h"

enum { OPTIONS_LEN = 64, MODALIAS_LEN = 64, NEXT_ROOT = 255, COMMAND_LINE = 254 };

static unsigned read_all;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_slice(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		read_all += (unsigned char)s.ptr[i];
}

static void read_word(void *arg, struct slice word)
{
	if (!word.len || memchr(word.ptr, ' ', word.len) || memchr(word.ptr, '\n', word.len))
		abort();
	(*(size_t *)arg)++;
	read_slice(word);
}

/* Of a disk: no more than the block is there. */
static void superblock(const uint8_t *data, size_t size)
{
	uint8_t *block = calloc(1, SUPERBLOCK_LEN);

	if (!block)
		abort();
	memcpy(block, data, size < SUPERBLOCK_LEN ? size : SUPERBLOCK_LEN);
	read_all += superblock_is_ext(block) + superblock_has_label(block, "mitigator-data") + superblock_is_clean(block) +
		    (superblock_bytes(block) != 0) + superblock_is_used(block) + superblock_is_given_up(block);
	free(block);
}

/* What stands before the next line of % is one file. */
static struct slice next(struct slice *rest)
{
	struct slice part;

	if (!slice_cut(rest, '%', &part))
		part = slice_of("");
	return part;
}

static void modules(struct slice rest)
{
	struct slice name = next(&rest), path = { "", 0 }, dependencies = { "", 0 }, text = next(&rest);
	char options[OPTIONS_LEN], modalias[MODALIAS_LEN];
	size_t soft = 0, fits = 0;

	if (module_find(text, name, &path, &dependencies)) {
		if (path.ptr < text.ptr || path.ptr + path.len > text.ptr + text.len ||
		    dependencies.ptr + dependencies.len > text.ptr + text.len)
			abort();
		read_slice(path);
		read_slice(dependencies);
	}
	read_all += module_is_builtin(next(&rest), name);
	text = next(&rest);
	module_soft_each(text, name, "pre:", read_word, &soft);
	module_soft_each(text, name, "post:", read_word, &soft);
	if (slice_copy(name, modalias, sizeof(modalias)) == 0)
		module_alias_each(next(&rest), modalias, read_word, &fits);
	if (module_options(next(&rest), name, options, sizeof(options)) == 0 && strlen(options) >= sizeof(options))
		abort();
	read_all += (unsigned)(soft + fits);
}

/* Through a file, as it is read. */
static void board(const uint8_t *data, size_t size)
{
	static int fd = -1;
	struct slice value;
	char path[64];

	if (fd < 0)
		fd = memfd_create("board", MFD_CLOEXEC);
	if (fd < 0 || ftruncate(fd, 0) < 0 || pwrite(fd, data, size, 0) != (ssize_t)size)
		abort();
	text_format(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (board_load(path) < 0 && board_value("MODULES").len)
		abort();
	value = board_value("MODULES");
	if (value.len && (memchr(value.ptr, '\n', value.len) || value.ptr[0] == ' ' || value.ptr[value.len - 1] == ' '))
		abort();
	read_slice(value);
	read_slice(board_value("SYSRQ"));
}

static void next_root(struct slice bytes)
{
	char interpreter[NEXT_ROOT_INTERPRETER_LEN];

	if (bytes.len > NEXT_ROOT_HEAD_LEN)
		bytes.len = NEXT_ROOT_HEAD_LEN;
	if (next_root_interpreter(bytes, interpreter) == 0)
		read_slice(slice_of(interpreter));
}

static void handover(struct slice rest)
{
	char label[HANDOVER_LABEL_LEN], words[HANDOVER_WORDS_LEN];
	struct slice command_line = next(&rest);

	if (handover_label(command_line, next(&rest), label, words) && (!label[0] || !strcmp(label, "off") || words[0]))
		abort();
	read_slice(slice_of(words));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *copy;

	if (!size)
		return 0;
	copy = exact_copy(data + 1, size - 1);
	if (data[0] == NEXT_ROOT)
		next_root((struct slice){ copy, size - 1 });
	else if (data[0] == COMMAND_LINE)
		handover((struct slice){ copy, size - 1 });
	else if (data[0] % 3 == 0)
		superblock((const uint8_t *)copy, size - 1);
	else if (data[0] % 3 == 1)
		modules((struct slice){ copy, size - 1 });
	else
		board((const uint8_t *)copy, size - 1);
	free(copy);
	return 0;
}

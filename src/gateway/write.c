#include "gateway/write.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/here.h"
#include "base/terminal.h"
#include "base/text.h"
#include "base/wrap.h"
#include "gateway/operands.h"
#include "gateway/pasted.h"
#include "gateway/put.h"
#include "gateway/typed.h"

/* The bytes of a pipe or a file, as they are. */
static int read_piped(size_t *len)
{
	ssize_t n;

	do {
		n = read(STDIN_FILENO, the_change.bytes + *len, sizeof(the_change.bytes) - *len);
		*len += n > 0 ? (size_t)n : 0;
	} while ((n > 0 && *len < sizeof(the_change.bytes)) || (n < 0 && errno == EINTR));
	return n < 0 ? -errno : *len < sizeof(the_change.bytes) ? 0 : -EFBIG;
}

/* Tells what was pasted, and asks: false when it is not to be kept. */
static bool is_wanted(const char *dir, enum conf_file file, bool forced, size_t len)
{
	if (!amend_open(&the_change, "write", dir))
		return false;
	pasted_print(&the_change, file, len);
	return forced || terminal_yes_behind_paste("keep it (yes/no)?");
}

/* Reads what is to be the file, and at a terminal asks whether it is: 0 or -errno. */
static int take(const char *dir, enum conf_file file, bool forced, size_t *len)
{
	int err;

	if (!isatty(STDIN_FILENO)) {
		err = read_piped(len);
		return err < 0 || *len ? err : -ENODATA; /* of a pipe that failed: no file is meant */
	}
	terminal_open();
	printf("paste %s, then a line with a single . (Ctrl-C leaves it as it is)\n", conf_file_name(file));
	(void)fflush(stdout);
	err = typed_lines(the_change.bytes, conf_files[file].limit + 1, len);
	if (!err && !*len)
		err = -ENODATA;
	if (!err && !is_wanted(dir, file, forced, *len))
		err = -ECANCELED;
	terminal_restore();
	return err;
}

static const char *words_of(int err)
{
	return err == -ENODATA ? "nothing was pasted" : err == -ECANCELED ? "not kept" : put_words(err);
}

/* What was told of is what is replaced: another console may have written while the question stood there. */
static const struct conf_text *told_of(enum conf_file file)
{
	return the_change.is_open && amend_was_read(&the_change, file) ? &the_change.now.texts[file] : NULL;
}

static int replace(const char *dir, enum conf_file file, bool forced)
{
	const char *name = conf_file_name(file);
	bool there = false;
	char words[192];
	size_t len = 0;
	int dir_fd = operand_open(dir, "write"), err;

	if (dir_fd < 0) {
		(void)fprintf(stderr, "%s: it is as it was\n", name);
		return 1;
	}
	err = take(dir, file, forced, &len);
	if (!err)
		err = put_file(dir_fd, file, told_of(file), the_change.bytes, len, &there);
	text_format(words, sizeof(words), "%s: %zu bytes written, nothing of it runs before `%s`", name, len, here_reconfigure());
	if (!err)
		wrap_print(stdout, words);
	else
		(void)fprintf(stderr, "%s/%s: %s: %s\n", dir, name, words_of(err), put_outcome(there));
	amend_close(&the_change);
	close(dir_fd);
	return err < 0;
}

int write_main(int argc, char **argv)
{
	const char *dir = operand_dir(&argc, argv);
	bool forced = argc == 3 && !strcmp(argv[2], "--force");
	enum conf_file file;

	if ((argc != 2 && !forced) || !operand_file(argv[1], &file))
		return operand_usage("write FILE [--force]");
	return replace(dir, file, forced);
}

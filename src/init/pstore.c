#include "init/pstore.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"

#define RECORD "dmesg-"

enum { FILES_MAX = 64, NAME_LEN = 64, TEXT_LEN = 128 << 10, LINE_MAX_LEN = 400 };

struct slice pstore_telling(struct slice text)
{
	/* From what says most to what says least. */
	static const char *const marks[] = { "Kernel panic - not syncing: ", "BUG: ", "Oops: ", "general protection fault" };

	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
		struct slice rest = text, line;

		while (slice_cut(&rest, '\n', &line)) {
			const char *at = memmem(line.ptr, line.len, marks[i], strlen(marks[i]));

			if (at)
				return slice_trim((struct slice){ at, (size_t)(line.ptr + line.len - at) });
		}
	}
	return (struct slice){ text.ptr, 0 };
}

int pstore_compare(const char *a, const char *b)
{
	size_t a_len = strlen(a), b_len = strlen(b);

	if (a_len != b_len)
		return a_len > b_len ? -1 : 1;
	return strcmp(b, a);
}

static int compare(const void *a, const void *b)
{
	return pstore_compare(a, b);
}

/* How many of them, the oldest words first. */
static size_t list(char names[static FILES_MAX][NAME_LEN])
{
	DIR *dir = opendir(PSTORE_DIR);
	struct dirent *entry;
	size_t count = 0;

	while (dir && count < FILES_MAX && (entry = readdir(dir)) != NULL)
		if (!strncmp(entry->d_name, RECORD, strlen(RECORD)) && strlen(entry->d_name) < NAME_LEN)
			text_format(names[count++], NAME_LEN, "%s", entry->d_name);
	if (dir)
		closedir(dir);
	qsort(names, count, NAME_LEN, compare);
	return count;
}

static void log_lines(struct slice text)
{
	struct slice line;

	while (slice_cut(&text, '\n', &line)) {
		if (line.len > LINE_MAX_LEN)
			line.len = LINE_MAX_LEN;
		if (line.len)
			log_info("last-words: %.*s", SLICE_ARG(line));
	}
}

int pstore_take(int dir_fd, char *telling, size_t cap)
{
	static char names[FILES_MAX][NAME_LEN], text[TEXT_LEN];
	size_t count = list(names), len = 0;
	struct slice line;
	int err = 0;

	telling[0] = '\0';
	if (!count)
		return 0;
	for (size_t i = 0; i < count && len < sizeof(text) - 1; i++) {
		char path[sizeof(PSTORE_DIR) + NAME_LEN];
		ssize_t n;

		text_format(path, sizeof(path), PSTORE_DIR "/%s", names[i]);
		n = file_read_begin(AT_FDCWD, path, text + len, sizeof(text) - len);
		len += n > 0 ? (size_t)n : 0;
	}
	line = pstore_telling((struct slice){ text, len });
	text_format(telling, cap, line.len ? "%.*s" : "it left last words", SLICE_ARG(line));
	log_lines((struct slice){ text, len });
	if (dir_fd >= 0)
		err = file_replace(dir_fd, PSTORE_FILE, text, len, 0600);
	/* Where nothing can be kept it stays, and is told again. */
	for (size_t i = 0; i < count && dir_fd >= 0 && !err; i++) {
		char path[sizeof(PSTORE_DIR) + NAME_LEN];

		text_format(path, sizeof(path), PSTORE_DIR "/%s", names[i]);
		if (unlink(path) < 0 && !err)
			err = -errno;
	}
	return err;
}

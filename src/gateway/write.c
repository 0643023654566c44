#include "gateway/write.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/paths.h"
#include "base/terminal.h"
#include "conf/edited.h"
#include "conf/set.h"
#include "crypto/key.h"
#include "gateway/typed.h"

static char bytes[CONF_PUBLIC_MAX + 1];

static int usage(void)
{
	(void)fprintf(stderr, "usage: write FILE [--conf DIR], FILE one of:");
	for (enum conf_file file = 0; file < CONF_FILES; file++)
		(void)fprintf(stderr, " %s", conf_file_name(file));
	(void)fprintf(stderr, "\n");
	return 2;
}

/* The bytes of a pipe or a file, as they are. */
static int read_piped(size_t *len)
{
	ssize_t n;

	do {
		n = read(STDIN_FILENO, bytes + *len, sizeof(bytes) - *len);
		*len += n > 0 ? (size_t)n : 0;
	} while ((n > 0 && *len < sizeof(bytes)) || (n < 0 && errno == EINTR));
	return n < 0 ? -errno : *len < sizeof(bytes) ? 0 : -EFBIG;
}

/* What is there keeps its mode, but no one else reads a private file. */
static mode_t mode_of(int dir_fd, const char *name, bool private)
{
	struct stat st;

	if (private)
		return 0600;
	return !fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) && S_ISREG(st.st_mode) ? st.st_mode & 0777 : 0644;
}

/* The new file is there, and it is the directory that the disk did not take. */
static bool is_there(int dir_fd, const char *name, size_t len)
{
	static char there[sizeof(bytes) + 1];
	bool same = file_read(dir_fd, name, there, sizeof(there)) == (ssize_t)len && !memcmp(there, bytes, len);

	wipe(there, sizeof(there));
	return same;
}

/* That it was written here is known before it is. */
static int note_and_replace(int dir_fd, enum conf_file file, size_t len)
{
	const struct conf_text text = { .present = true, .len = len, .bytes = bytes };
	const struct conf_text *replaced[CONF_FILES] = { NULL };
	const char *name = conf_file_name(file);
	int err;

	replaced[file] = &text;
	err = edited_note(dir_fd, replaced);
	return err < 0 ? err : file_replace(dir_fd, name, bytes, len, mode_of(dir_fd, name, conf_files[file].private));
}

static int replace(const char *dir, enum conf_file file)
{
	const char *name = conf_file_name(file);
	bool terminal = isatty(STDIN_FILENO), undurable = false;
	size_t len = 0;
	int dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), err = dir_fd < 0 ? -errno : 0;

	terminal_open();
	if (terminal && !err)
		printf("paste %s, then a line with a single . (Ctrl-C leaves the file as it is)\n", name);
	(void)fflush(stdout);
	if (!err)
		err = terminal ? typed_lines(bytes, sizeof(bytes), &len) : read_piped(&len);
	terminal_restore();
	if (!err && !len)
		err = -ENODATA; /* a pipe that failed, a paste that did not come: no file is meant */
	if (!err) {
		err = note_and_replace(dir_fd, file, len);
		undurable = err && is_there(dir_fd, name, len);
	}
	if (!err)
		printf("%s: %zu bytes written; `check` looks through them, `reconfigure` applies them\n", name, len);
	else
		(void)fprintf(stderr, "%s/%s: %s: %s\n", dir, name, err == -ENODATA ? "nothing was pasted" : strerror(-err),
			      undurable ? "the disk did not take it: expect the old file after the next boot"
					: "it is as it was");
	wipe(bytes, sizeof(bytes));
	if (dir_fd >= 0)
		close(dir_fd);
	return err < 0;
}

int write_main(int argc, char **argv)
{
	const char *dir = argc == 4 && !strcmp(argv[2], "--conf") ? argv[3] : DATA_DIR;

	for (enum conf_file file = 0; file < CONF_FILES && (argc == 2 || (argc == 4 && dir == argv[3])); file++)
		if (!strcmp(argv[1], conf_file_name(file)))
			return replace(dir, file);
	return usage();
}

#include "gateway/write.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/terminal.h"
#include "conf/files_lock.h"
#include "crypto/key.h"
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

/* Reads what is to be the file, and at a terminal asks whether it is: 0 or -errno. */
static int take(const char *dir, enum conf_file file, bool forced, size_t *len)
{
	bool terminal = isatty(STDIN_FILENO), kept = true;
	int err;

	if (!terminal) {
		err = read_piped(len);
		return err < 0 || *len ? err : -ENODATA; /* of a pipe that failed: no file is meant */
	}
	terminal_open();
	printf("paste %s, then a line with a single . (Ctrl-C leaves it as it is)\n", conf_file_name(file));
	(void)fflush(stdout);
	err = typed_lines(the_change.bytes, conf_files[file].limit + 1, len);
	if (!err && !*len)
		err = -ENODATA;
	if (!err && amend_open(&the_change, "write", dir)) {
		pasted_print(&the_change, file, *len);
		kept = forced || terminal_yes_behind_paste("keep it (yes/no)?");
		amend_leave(&the_change);
	}
	terminal_restore();
	return err < 0 || kept ? err : -ECANCELED;
}

static const char *words_of(int err)
{
	return err == -ENODATA ? "nothing was pasted" : err == -ECANCELED ? "not kept" : files_lock_words(err);
}

static int replace(const char *dir, enum conf_file file, bool forced)
{
	const char *name = conf_file_name(file);
	bool undurable = false;
	size_t len = 0;
	int dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), err = dir_fd < 0 ? -errno : 0;

	if (!err)
		err = take(dir, file, forced, &len);
	if (!err) {
		err = put_file(dir_fd, file, NULL, the_change.bytes, len);
		undurable = err && put_is_there(dir_fd, file, the_change.bytes, len);
	}
	if (!err)
		printf("%s: %zu bytes written, nothing of it runs before `reconfigure`\n", name, len);
	else
		(void)fprintf(stderr, "%s/%s: %s: %s\n", dir, name, words_of(err), put_words(undurable));
	wipe(the_change.bytes, sizeof(the_change.bytes));
	if (dir_fd >= 0)
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

/* The names of four files cannot be exchanged in one step, but that of a directory can. The whole new set is written below
 * SWAP_NEW_DIR and synced; the rename to READY_DIR is the one step by which it counts, and the sync behind it the one that a power
 * cut comes before or after. Then the files are moved to where they belong; whoever reads the files moves first what is still there,
 * so that a cut between two of those moves is made good at the next boot, before anything was read. Moving is the same done once, twice or
 * by two processes beside each other: a file that is no longer in READY_DIR is in its place. A file that the new set has not is
 * an empty NAME.absent there. READY_DIR goes when the moves are on the disk. */
#include "conf/swap.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/text.h"

#define READY_DIR ".import.ready"
#define ABSENT ".absent"

enum { NAME_LEN = 64 };

static int open_dir(int dir_fd, const char *name)
{
	int fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

	return fd < 0 ? -errno : fd;
}

static int sync_dir(int fd)
{
	return fsync(fd) < 0 && errno != EINVAL ? -errno : 0;
}

static const char *absent_name(enum conf_file file, char name[static NAME_LEN])
{
	text_format(name, NAME_LEN, "%s" ABSENT, conf_file_name(file));
	return name;
}

static void remove_dir(int dir_fd, const char *name)
{
	int fd = open_dir(dir_fd, name);
	char absent[NAME_LEN];

	if (fd < 0)
		return;
	for (enum conf_file file = 0; file < CONF_FILES; file++) {
		unlinkat(fd, conf_file_name(file), 0);
		unlinkat(fd, absent_name(file, absent), 0);
	}
	file_sweep(fd);
	close(fd);
	unlinkat(dir_fd, name, AT_REMOVEDIR);
}

void swap_drop(int dir_fd)
{
	remove_dir(dir_fd, SWAP_NEW_DIR);
}

int swap_prepare(int dir_fd, const struct conf_text texts[static CONF_FILES], const mode_t modes[static CONF_FILES])
{
	char absent[NAME_LEN];
	int err = swap_finish(dir_fd), fd;

	if (err < 0)
		return err;
	swap_drop(dir_fd);
	if (mkdirat(dir_fd, SWAP_NEW_DIR, 0700) < 0)
		return -errno;
	fd = open_dir(dir_fd, SWAP_NEW_DIR);
	for (enum conf_file file = 0; fd >= 0 && !err && file < CONF_FILES; file++)
		err = texts[file].present ? file_replace(fd, conf_file_name(file), texts[file].bytes, texts[file].len, modes[file])
					  : file_replace(fd, absent_name(file, absent), "", 0, 0600);
	if (fd < 0 || !err)
		return fd;
	close(fd);
	swap_drop(dir_fd);
	return err;
}

int swap_commit(int dir_fd, bool *counts)
{
	int err;

	*counts = renameat(dir_fd, SWAP_NEW_DIR, dir_fd, READY_DIR) == 0;
	err = *counts ? sync_dir(dir_fd) : -errno;
	return err < 0 ? err : swap_finish(dir_fd);
}

/* ENOENT: it was moved before, or by another process just now. */
static int move_file(int dir_fd, int ready_fd, enum conf_file file)
{
	const char *name = conf_file_name(file);
	char absent[NAME_LEN];

	if (renameat(ready_fd, name, dir_fd, name) == 0)
		return 0;
	if (errno != ENOENT)
		return -errno;
	if (faccessat(ready_fd, absent_name(file, absent), F_OK, 0) < 0)
		return errno == ENOENT ? 0 : -errno;
	return unlinkat(dir_fd, name, 0) < 0 && errno != ENOENT ? -errno : 0;
}

int swap_finish(int dir_fd)
{
	int fd = open_dir(dir_fd, READY_DIR), err = 0;

	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;
	for (enum conf_file file = 0; !err && file < CONF_FILES; file++)
		err = move_file(dir_fd, fd, file);
	close(fd);
	if (!err)
		err = sync_dir(dir_fd);
	if (!err)
		remove_dir(dir_fd, READY_DIR);
	return err;
}

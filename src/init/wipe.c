#include "init/wipe.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { STEP = 1 << 20, SYNC_EVERY = 64 << 20 };

int wipe_range(int fd, uint64_t from, uint64_t to, void (*progress)(uint64_t at))
{
	static uint8_t zeros[STEP]; /* not const: that would be a megabyte of the program */
	uint64_t synced = from;

	while (from < to) {
		size_t len = to - from < sizeof(zeros) ? (size_t)(to - from) : sizeof(zeros);
		ssize_t n = pwrite(fd, zeros, len, (off_t)from);

		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		from += (uint64_t)n;
		/* Memory would else take it faster than the disk, and Ctrl-C wait for all of that. */
		if (!progress || (from - synced < SYNC_EVERY && from < to))
			continue;
		if (fdatasync(fd) < 0)
			return -errno;
		synced = from;
		progress(from);
	}
	return 0;
}

void wipe_discard(int fd, uint64_t from, uint64_t to)
{
	uint64_t range[2] = { from, to - from };

	(void)ioctl(fd, BLKDISCARD, range);
}

int wipe_each(int dir_fd, int (*each)(int dir_fd, const char *name, void *arg), void *arg)
{
	int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), err = fd < 0 ? -errno : 0;
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	while (dir && (entry = readdir(dir)) != NULL)
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
			int failed = each(dir_fd, entry->d_name, arg);

			err = err ? err : failed;
		}
	if (dir)
		closedir(dir);
	return err;
}

static int wipe_entry(int dir_fd, const char *name, void *arg)
{
	(void)arg;
	return wipe_tree(dir_fd, name);
}

int wipe_tree(int dir_fd, const char *name) /* NOLINT(misc-no-recursion): as deep as paths can be */
{
	int fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), err = 0;

	if (fd < 0)
		return unlinkat(dir_fd, name, 0) < 0 ? -errno : 0;
	err = wipe_each(fd, wipe_entry, NULL);
	close(fd);
	return unlinkat(dir_fd, name, AT_REMOVEDIR) < 0 && !err ? -errno : err;
}

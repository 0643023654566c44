#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"

#define TEMPORARY_END ".new"

/* cap bytes at the most, or -errno. */
static ssize_t read_bytes(int fd, char *buf, size_t cap)
{
	size_t len = 0;
	ssize_t n = 0;

	while (len < cap) {
		n = read(fd, buf + len, cap - len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		len += (size_t)n;
	}
	return n < 0 ? -errno : (ssize_t)len;
}

static int open_to_read(int dir_fd, const char *name)
{
	int fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

	return fd < 0 ? -errno : fd;
}

ssize_t file_read_fd(int fd, char *buf, size_t cap)
{
	ssize_t n = read_bytes(fd, buf, cap);

	if (n == (ssize_t)cap)
		return -EFBIG;
	if (n >= 0)
		buf[n] = '\0';
	return n;
}

ssize_t file_read(int dir_fd, const char *name, char *buf, size_t cap)
{
	int fd = open_to_read(dir_fd, name);
	ssize_t n = fd < 0 ? fd : file_read_fd(fd, buf, cap);

	if (fd >= 0)
		close(fd);
	return n;
}

ssize_t file_read_begin(int dir_fd, const char *name, char *buf, size_t cap)
{
	int fd = open_to_read(dir_fd, name);
	ssize_t n = fd < 0 ? fd : read_bytes(fd, buf, cap - 1);

	if (fd >= 0)
		close(fd);
	if (n >= 0)
		buf[n] = '\0';
	return n;
}

int file_write_fd(int fd, const void *bytes, size_t len)
{
	const char *data = bytes;

	while (len) {
		ssize_t n = write(fd, data, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		data += n;
		len -= (size_t)n;
	}
	return 0;
}

/* A new file beside name, for us alone: whoever may write to the directory can neither guess its name nor hold it open
 * before we do. Its descriptor with the name in temp, or -errno. */
static int open_temporary(int dir_fd, const char *name, char temp[static NAME_MAX + 1])
{
	uint32_t random;
	int fd;

	do {
		if (getrandom(&random, sizeof(random), 0) != sizeof(random))
			return -errno;
		if (snprintf(temp, NAME_MAX + 1, ".%s.%08x" TEMPORARY_END, name, random) > NAME_MAX)
			return -ENAMETOOLONG;
		fd = openat(dir_fd, temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	} while (fd < 0 && errno == EEXIST);
	return fd < 0 ? -errno : fd;
}

int file_replace(int dir_fd, const char *name, const void *data, size_t len, mode_t mode)
{
	char temp[NAME_MAX + 1];
	int fd = open_temporary(dir_fd, name, temp), err;

	if (fd < 0)
		return fd;
	err = fchmod(fd, mode) < 0 ? -errno : file_write_fd(fd, data, len);
	if (!err && fsync(fd) < 0)
		err = -errno;
	close(fd);
	if (!err && renameat(dir_fd, temp, dir_fd, name) < 0)
		err = -errno;
	if (err) {
		unlinkat(dir_fd, temp, 0);
		return err;
	}
	/* Until the directory is on the disk, a power cut brings the old file back. EINVAL: it cannot be synced at all. */
	return fsync(dir_fd) < 0 && errno != EINVAL ? -errno : 0;
}

/* ".NAME.xxxxxxxx.new", as open_temporary has it. */
static bool is_temporary(const char *name)
{
	enum { DIGITS = 8, END = sizeof(TEMPORARY_END) - 1 };
	size_t len = strlen(name);
	const char *digits = name + len - END - DIGITS;

	return name[0] == '.' && len > DIGITS + END + 2 && !strcmp(name + len - END, TEMPORARY_END) &&
	       digits[-1] == '.' && strspn(digits, "0123456789abcdef") == DIGITS;
}

void file_sweep(int dir_fd)
{
	int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	while (dir && (entry = readdir(dir)) != NULL)
		if (is_temporary(entry->d_name))
			unlinkat(dir_fd, entry->d_name, 0);
	if (dir)
		closedir(dir);
	else if (fd >= 0)
		close(fd);
}

int file_poke(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), err = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, value, strlen(value)) < 0)
		err = -errno;
	close(fd);
	return err;
}

int file_put(const char *path, const void *data, size_t len)
{
	char fresh[256];
	int fd, err;

	/* No file that was there, which someone may hold open. */
	text_format(fresh, sizeof(fresh), "%s.new", path);
	(void)unlink(fresh);
	fd = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	err = file_write_fd(fd, data, len);
	close(fd);
	if (!err && rename(fresh, path) < 0)
		err = -errno;
	return err;
}

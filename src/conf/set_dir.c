#include "conf/set_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

int set_dir_open(int dir_fd, const char *name)
{
	int fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

	return fd < 0 ? -errno : fd;
}

int set_dir_make(int dir_fd, const char *name)
{
	if (mkdirat(dir_fd, name, 0700) < 0 && errno != EEXIST)
		return -errno;
	return set_dir_open(dir_fd, name);
}

static bool same_file(int dir_fd, const char *name, const struct conf_text *text)
{
	char part[4096];
	size_t offset = 0;
	ssize_t n;
	int fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0)
		return errno == ENOENT && !text->present;
	while ((n = read(fd, part, sizeof(part))) > 0) {
		if (!text->present || (size_t)n > text->len - offset || memcmp(part, text->bytes + offset, (size_t)n) != 0)
			break;
		offset += (size_t)n;
	}
	explicit_bzero(part, sizeof(part));
	close(fd);
	return n == 0 && text->present && offset == text->len;
}

static const struct conf_text *text_of(const struct conf_set *set, enum conf_file file, unsigned files)
{
	static const struct conf_text absent;

	return files & 1u << file ? &set->texts[file] : &absent;
}

bool set_dir_same(int dir_fd, const char *name, const struct conf_set *set, unsigned files)
{
	int fd = set_dir_open(dir_fd, name);
	bool same = fd >= 0;

	for (enum conf_file file = 0; same && file < CONF_FILES; file++)
		same = same_file(fd, conf_file_name(file), text_of(set, file, files));
	if (fd >= 0)
		close(fd);
	return same;
}

void set_dir_remove(int dir_fd, const char *name)
{
	int fd = set_dir_open(dir_fd, name);

	if (fd < 0)
		return;
	for (enum conf_file file = 0; file < CONF_FILES; file++)
		unlinkat(fd, conf_file_name(file), 0);
	file_sweep(fd);
	close(fd);
	unlinkat(dir_fd, name, AT_REMOVEDIR);
}

/* durable: it begins to go to the disk. */
static int write_file(int dir_fd, const char *name, const struct conf_text *text, bool durable)
{
	int fd = openat(dir_fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600), err;

	if (fd < 0)
		return -errno;
	err = file_write_fd(fd, text->bytes, text->len);
	if (!err && durable)
		(void)sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE);
	close(fd);
	return err;
}

static int sync_file(int dir_fd, const char *name)
{
	int fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	int err = fd < 0 || fsync(fd) < 0 ? -errno : 0;

	if (fd >= 0)
		close(fd);
	return err;
}

/* All of it was written before: the first sync takes most of what the others wait for along. */
static int sync_files(int dir_fd, const struct conf_set *set, unsigned files)
{
	int err = 0;

	for (enum conf_file file = 0; !err && file < CONF_FILES; file++)
		if (text_of(set, file, files)->present)
			err = sync_file(dir_fd, conf_file_name(file));
	/* EINVAL: a directory cannot be synced there at all. */
	return !err && fsync(dir_fd) < 0 && errno != EINVAL ? -errno : err;
}

int set_dir_write(int dir_fd, const char *name, const struct conf_set *set, unsigned files, bool durable)
{
	int fd, err = 0;

	set_dir_remove(dir_fd, name);
	fd = set_dir_make(dir_fd, name);
	if (fd < 0)
		return fd;
	for (enum conf_file file = 0; !err && file < CONF_FILES; file++) {
		const struct conf_text *text = text_of(set, file, files);

		if (text->present)
			err = write_file(fd, conf_file_name(file), text, durable);
	}
	if (!err && durable)
		err = sync_files(fd, set, files);
	close(fd);
	return err;
}

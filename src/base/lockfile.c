#include "base/lockfile.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static pid_t holder_of(int fd)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	return fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK ? lock.l_pid : 0;
}

int lockfile_take(int dir_fd, const char *name, pid_t *holder)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int fd = openat(dir_fd, name, O_RDWR | O_CREAT | O_CLOEXEC, 0600), err;

	if (fd < 0)
		return -errno;
	if (fcntl(fd, F_SETLK, &lock) == 0)
		return fd;
	err = errno == EACCES || errno == EAGAIN ? -EBUSY : -errno;
	*holder = holder_of(fd);
	close(fd);
	return err;
}

pid_t lockfile_holder(int dir_fd, const char *name)
{
	int fd = openat(dir_fd, name, O_RDWR | O_CLOEXEC);
	pid_t pid = fd < 0 ? 0 : holder_of(fd);

	if (fd >= 0)
		close(fd);
	return pid;
}

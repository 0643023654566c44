#include "base/lockfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/await.h"
#include "base/clock.h"

/* Whoever has said that it is done writes it down, and ends; how often it is gone before it is asked for. */
enum { END_WAIT_MS = 2000, GONE_MAX = 8 };

static pid_t holder_of(int fd)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	return fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK ? lock.l_pid : 0;
}

/* Whether it ended before until_ns. */
static bool ends(pid_t pid, uint64_t until_ns)
{
	int process = (int)syscall(SYS_pidfd_open, pid, 0);
	bool ended;

	if (process < 0)
		return errno == ESRCH && clock_now_ns() < until_ns;
	ended = !await_ready(process, POLLIN, until_ns);
	close(process);
	return ended;
}

int lockfile_take(int dir_fd, const char *name, pid_t *holder)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	uint64_t until_ns = clock_now_ns() + END_WAIT_MS * NS_PER_MS;
	int fd = openat(dir_fd, name, O_RDWR | O_CREAT | O_CLOEXEC, 0600), gone = 0, err;

	if (fd < 0)
		return -errno;
	while (fcntl(fd, F_SETLK, &lock) < 0) {
		err = errno == EACCES || errno == EAGAIN ? -EBUSY : -errno;
		*holder = holder_of(fd);
		if (err == -EBUSY && (*holder ? ends(*holder, until_ns) : gone++ < GONE_MAX))
			continue;
		close(fd);
		return err;
	}
	return fd;
}

pid_t lockfile_holder(int dir_fd, const char *name)
{
	int fd = openat(dir_fd, name, O_RDWR | O_CLOEXEC);
	pid_t pid = fd < 0 ? 0 : holder_of(fd);

	if (fd >= 0)
		close(fd);
	return pid;
}

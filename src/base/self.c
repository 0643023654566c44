#include "base/self.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

#define SELF "/proc/self/exe"

/* As execve(2) and posix_spawn(3) take them, which change nothing of it. */
static char *const *self_vector(const char *const *words)
{
	static char *const none[] = { NULL };

	return words ? (char *const *)(void *)(uintptr_t)words : none;
}

static void close_copies(const int *copies, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (copies[i] >= 0)
			close(copies[i]);
}

/* Apart from the numbers that they are to have: a copy of each, or -errno. */
static int copy_apart(const struct self_fd *fds, size_t count, int copies[static SELF_FDS_MAX])
{
	int above = 0, err = 0;

	for (size_t i = 0; i < count; i++)
		if (fds[i].to >= above)
			above = fds[i].to + 1;
	for (size_t i = 0; i < count; i++) {
		copies[i] = fcntl(fds[i].from, F_DUPFD_CLOEXEC, above);
		if (copies[i] < 0)
			err = -errno;
	}
	if (err < 0)
		close_copies(copies, count);
	return err;
}

static int self_set_up(posix_spawn_file_actions_t *actions, posix_spawnattr_t *attr, const struct self_fd *fds, const int *copies, size_t count)
{
	sigset_t none;
	int err = 0;

	sigemptyset(&none);
	for (size_t i = 0; !err && i < count; i++)
		err = posix_spawn_file_actions_adddup2(actions, copies[i], fds[i].to);
	if (!err)
		err = posix_spawnattr_setsigmask(attr, &none);
	if (!err)
		err = posix_spawnattr_setflags(attr, POSIX_SPAWN_SETSIGMASK);
	return -err;
}

static int self_spawn_with(const char *const *argv, const char *const *environment, const struct self_fd *fds, const int *copies, size_t count, pid_t *pid)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	int err = -posix_spawn_file_actions_init(&actions);

	if (err)
		return err;
	err = -posix_spawnattr_init(&attr);
	if (!err) {
		err = self_set_up(&actions, &attr, fds, copies, count);
		if (!err)
			err = -posix_spawn(pid, SELF, &actions, &attr, self_vector(argv), self_vector(environment));
		posix_spawnattr_destroy(&attr);
	}
	posix_spawn_file_actions_destroy(&actions);
	return err;
}

int self_spawn(const char *const *argv, const char *const *environment, const struct self_fd *fds, size_t count, pid_t *pid)
{
	int copies[SELF_FDS_MAX], err = copy_apart(fds, count, copies);

	if (err < 0)
		return err;
	err = self_spawn_with(argv, environment, fds, copies, count, pid);
	close_copies(copies, count);
	return err;
}

int self_spawn_behind(const char *const *argv, pid_t *pid)
{
	int ends[2], err;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) < 0)
		return -errno;
	err = self_spawn(argv, NULL, &(struct self_fd){ ends[1], STDIN_FILENO }, 1, pid);
	close(ends[1]);
	if (err < 0)
		close(ends[0]);
	return err < 0 ? err : ends[0];
}

void self_become(const char *const *argv, const struct self_fd *fds, size_t count)
{
	int copies[SELF_FDS_MAX];
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (copy_apart(fds, count, copies) < 0)
		_exit(127);
	for (size_t i = 0; i < count; i++)
		if (dup2(copies[i], fds[i].to) < 0)
			_exit(127);
	execve(SELF, self_vector(argv), self_vector(NULL));
	_exit(127);
}

#include "cluster/shelf.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/pass.h"
#include "base/paths.h"
#include "base/self.h"

/* A disk that hangs is waited for so long; where there was nothing to give, no one looks again for so long. */
enum { OFFER_MS = 60000, AGAIN_S = 60 };

static _Noreturn void become_offer(int fd)
{
	static const char *const argv[] = { OFFER_APPLET, NULL };

	self_become(argv, &(const struct self_fd){ fd, STDOUT_FILENO }, 1);
}

/* One that waits for a disk ends when that answers, whatever signal it gets: it stays in pid, and no second one is started beside it. */
static bool await_offer(pid_t *pid)
{
	struct pollfd end = { .fd = (int)syscall(SYS_pidfd_open, *pid, 0), .events = POLLIN };
	int status = -1;
	pid_t ended;

	if (end.fd >= 0) {
		(void)poll(&end, 1, OFFER_MS);
		close(end.fd);
	}
	ended = waitpid(*pid, &status, WNOHANG);
	if (!ended) {
		kill(*pid, SIGKILL);
		log_err("the disk does not answer: no peer gets an update from here");
		return false;
	}
	*pid = 0;
	return ended > 0 && WIFEXITED(status) && !WEXITSTATUS(status);
}

/* The bundle, or -1. */
static int get_bundle(pid_t *pid)
{
	int fd;

	if (*pid && waitpid(*pid, NULL, WNOHANG) == 0)
		return -1;
	fd = memfd_create("bundle", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	*pid = fd < 0 ? -1 : fork();
	if (!*pid)
		become_offer(fd);
	if (*pid < 0)
		*pid = 0;
	else if (await_offer(pid) && fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) == 0)
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

void shelf_run(int socket)
{
	uint64_t next_ns = 0;
	pid_t pid = 0;
	char word;

	while (recv(socket, &word, sizeof(word), 0) > 0) {
		bool looks = clock_now_ns() >= next_ns;
		int fd = looks ? get_bundle(&pid) : -1, err = pass_send(socket, word, fd);

		if (looks && fd < 0)
			next_ns = clock_now_ns() + AGAIN_S * NS_PER_S;
		if (fd >= 0)
			close(fd);
		if (err < 0)
			return;
	}
}

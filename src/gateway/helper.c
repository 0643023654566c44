#include "gateway/helper.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static _Noreturn void live(int fd, void (*run)(int fd, const void *arg), const void *arg)
{
	sigset_t none;

	/* It holds copies of all our sockets and must not outlive us; and what its parent takes from a signalfd is to
	 * end it. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	run(fd, arg);
	_exit(0);
}

int helper_start(struct helper *helper, struct loop *loop, void (*run)(int fd, const void *arg), const void *arg,
		 loop_ready_fn *ready)
{
	int ends[2], err;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	helper->loop = loop;
	err = loop_add(loop, &helper->source, ends[0], EPOLLIN, ready);
	if (!err) {
		helper->child = fork();
		if (!helper->child)
			live(ends[1], run, arg);
		if (helper->child < 0) {
			err = -errno;
			helper->child = 0;
			loop_remove(loop, &helper->source);
		}
	}
	close(ends[1]);
	if (err < 0)
		close(ends[0]);
	return err;
}

void helper_end(struct helper *helper)
{
	if (!helper->child)
		return;
	loop_remove(helper->loop, &helper->source);
	close(helper->source.fd);
	waitpid(helper->child, NULL, 0);
	helper->child = 0;
}

void helper_kill(struct helper *helper)
{
	if (helper->child)
		kill(helper->child, SIGKILL);
	helper_end(helper);
}

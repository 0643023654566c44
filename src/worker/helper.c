#include "worker/helper.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/descriptors.h"
#include "base/file.h"
#include "base/log.h"

#define OOM_SCORE "/proc/self/oom_score_adj"

enum {
	KILLED_MAX = 80, /* one for each NIC, and some */
};

/* When memory is short: a helper is started again, the service's sessions are not. */
static void be_expendable(void)
{
	char score[16];

	if (file_read(AT_FDCWD, OOM_SCORE, score, sizeof(score)) > 0 && score[0] == '-')
		(void)file_poke(OOM_SCORE, "0");
}

/* What ends the service by a signal leaves it alone: it goes with its parent, or is killed. */
static _Noreturn void live(int fd, int keep_fd, void (*run)(int fd, const void *arg), const void *arg)
{
	const int keep[] = { fd, keep_fd };

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	be_expendable();
	log_copy(-1);
	descriptors_close_others(keep, sizeof(keep) / sizeof(keep[0]));
	run(fd, arg);
	_exit(0);
}

void helper_spare(void *memory, size_t len)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	uintptr_t first = ((uintptr_t)memory + page - 1) & ~(page - 1), end = ((uintptr_t)memory + len) & ~(page - 1);

	if (first < end)
		(void)madvise((void *)first, end - first, MADV_DONTFORK); /* NOLINT(performance-no-int-to-ptr): rounded to pages */
}

/* Killed, and not ended yet: one that waits for a disk takes its time. */
static pid_t killed[KILLED_MAX]; /* 0: none */

/* Where a further one has room, or NULL. */
static pid_t *killed_room(void)
{
	pid_t *room = NULL;

	for (size_t i = 0; i < KILLED_MAX; i++) {
		if (killed[i] && waitpid(killed[i], NULL, WNOHANG) != 0)
			killed[i] = 0;
		if (!killed[i])
			room = &killed[i];
	}
	return room;
}

int helper_start(struct helper *helper, struct loop *loop, void (*run)(int fd, const void *arg), const void *arg,
		 int keep_fd, loop_ready_fn *ready)
{
	int ends[2], err;

	if (!killed_room())
		return -EBUSY;
	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	helper->loop = loop;
	err = loop_add(loop, &helper->source, ends[0], EPOLLIN, ready);
	if (!err) {
		helper->child = fork();
		if (!helper->child)
			live(ends[1], keep_fd, run, arg);
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

static void let_go(struct helper *helper)
{
	loop_remove(helper->loop, &helper->source);
	close(helper->source.fd);
	helper->child = 0;
}

int helper_end(struct helper *helper)
{
	pid_t child = helper->child;
	int status = 0;

	if (!child)
		return 0;
	let_go(helper);
	waitpid(child, &status, 0);
	return status;
}

void helper_kill(struct helper *helper)
{
	pid_t *room = killed_room();

	if (!helper->child)
		return;
	kill(helper->child, SIGKILL);
	if (room)
		*room = helper->child;
	let_go(helper);
}

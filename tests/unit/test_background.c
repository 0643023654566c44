/* engine/background: whoever starts it, and gives up. */
#include "test.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/background.h"

/* In a child that goes on: what it is told, by way of the pipe. The one that waits is gone by then, or not. */
static int ready_when_parent(bool is_gone)
{
	int ends[2], told = -1;
	pid_t pid;

	if (pipe(ends) < 0)
		return -errno;
	pid = fork();
	if (!pid) {
		pid_t parent = getpid();
		int err = background_begin();

		(void)signal(SIGPIPE, SIG_IGN);
		if (!err && is_gone) {
			kill(parent, SIGKILL);
			while (getppid() == parent)
				poll(NULL, 0, 1);
		}
		err = err ? 1 : background_ready();
		_exit(write(ends[1], &err, sizeof(err)) < 0);
	}
	close(ends[1]);
	if (read(ends[0], &told, sizeof(told)) != sizeof(told))
		told = -EIO;
	close(ends[0]);
	waitpid(pid, NULL, 0);
	return told;
}

TEST(background_knows_whether_anyone_still_waits_for_it)
{
	CHECK_INT(ready_when_parent(false), 0);
	CHECK_INT(ready_when_parent(true), -EPIPE);
}

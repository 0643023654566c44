/* init/variables: lent to a process until it ends, whatever ends it. A tmpfs stands for the firmware's variables. */
#include "test.h"

#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/loop.h"
#include "init/variables.h"

enum { LATE_S = 60, CANNOT = 2 };

static struct loop loop;
static struct loop_timer look, late;
static const char *dir;
static bool is_read_only;

static void look_again(struct loop_timer *timer, uint64_t now_ns)
{
	is_read_only = variables_are_read_only(dir);
	if (is_read_only)
		loop_stop(&loop);
	else
		loop_timer_set(&loop, timer, now_ns + 10 * NS_PER_MS, look_again);
}

static void too_late(struct loop_timer *timer, uint64_t now_ns)
{
	(void)timer;
	(void)now_ns;
	loop_stop(&loop);
}

static pid_t start_borrower(void)
{
	pid_t pid = fork();

	if (!pid)
		for (;;)
			pause();
	return pid;
}

static void end_borrower(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* The loop sees what happened so far. */
static bool turn(void)
{
	loop.stopping = false;
	loop_timer_set(&loop, &late, clock_now_ns(), too_late);
	return loop_run(&loop) == 0;
}

static bool comes_back(void)
{
	loop.stopping = false;
	loop_timer_set(&loop, &late, clock_now_ns() + LATE_S * NS_PER_S, too_late);
	loop_timer_set(&loop, &look, clock_now_ns(), look_again);
	return loop_run(&loop) == 0 && is_read_only;
}

/* In a mount namespace of its own. */
static int lend(void)
{
	pid_t one, two, none;

	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("tmpfs", dir, "tmpfs", MS_RDONLY | MS_NODEV | MS_NOSUID | MS_NOEXEC, NULL) < 0)
		return CANNOT;
	if (loop_open(&loop) < 0 || !variables_are_read_only(dir))
		return 1;
	variables_open(&loop, dir);
	one = start_borrower();
	two = start_borrower();
	none = start_borrower();
	end_borrower(none);
	if (variables_lend(none) >= 0 || !variables_are_read_only(dir)) /* it is gone */
		return 1;
	if (variables_lend(one) < 0 || variables_are_read_only(dir) || variables_lend(two) < 0)
		return 1;
	end_borrower(one);
	if (!turn() || variables_are_read_only(dir)) /* the other has them still */
		return 1;
	end_borrower(two);
	return !comes_back();
}

TEST(variables_are_writable_until_whoever_borrowed_them_is_killed)
{
	char made[] = "/tmp/variables.XXXXXX";
	int status = 0;
	pid_t pid;

	CHECK(mkdtemp(made) != NULL);
	dir = made;
	pid = fork();
	if (!pid)
		_exit(lend());
	waitpid(pid, &status, 0);
	CHECK_INT(rmdir(made), 0);
	if (WIFEXITED(status) && WEXITSTATUS(status) == CANNOT)
		SKIP("a mount namespace takes a privilege");
	CHECK_INT(status, 0);
}

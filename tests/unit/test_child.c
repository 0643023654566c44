/* init/child: whom PID 1 ends, in a PID namespace that is ours. */
#include "test.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/paths.h"
#include "init/child.h"

enum { UNAVAILABLE = 77, NO_ONE = 64799 };

#define HOLDS(what)                   \
	do {                          \
		if (!(what))          \
			_exit(__LINE__ & 0xff); \
	} while (0)

/* fn as PID 1, with a /proc of its own: 0, a line that does not hold, or UNAVAILABLE. */
static int as_first(void (*fn)(void))
{
	int status = -1;
	pid_t pid = fork();

	if (!pid) {
		if (unshare(CLONE_NEWPID | CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
			_exit(UNAVAILABLE);
		pid = fork();
		if (!pid) {
			if (mount("proc", "/proc", "proc", 0, NULL) < 0)
				_exit(UNAVAILABLE);
			fn();
			_exit(0);
		}
		(void)waitpid(pid, &status, 0);
		_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 255);
	}
	(void)waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 255;
}

static void check_as_first(void (*fn)(void))
{
	int status = geteuid() == 0 ? as_first(fn) : UNAVAILABLE;

	if (status == UNAVAILABLE)
		SKIP("no PID namespace can be made here");
	CHECK_INT(status, 0);
}

/* Which its command line does not tell of. */
static pid_t start_named(const char *name)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	(void)prctl(PR_SET_NAME, name);
	for (;;)
		pause();
}

/* Waits for none: those that ended were waited for. */
static bool is_there(pid_t pid)
{
	return kill(pid, 0) == 0 || errno == EPERM;
}

static uint64_t end_within_ms(unsigned ms)
{
	uint64_t began_ns = clock_now_ns();

	child_end_all(ms * NS_PER_MS, true);
	return (clock_now_ns() - began_ns) / NS_PER_MS;
}

static void by_command_line(void)
{
	pid_t other = start_named("any"), ours = start_named(OPENER_NAME), spared = fork();

	if (!spared) {
		execlp("sleep", "@any", "100", (char *)NULL);
		_exit(1);
	}
	usleep(200 * 1000); /* it is executed */
	HOLDS(end_within_ms(10000) < 9000);
	HOLDS(!is_there(other) && !is_there(ours) && is_there(spared));
}

TEST(end_of_all_spares_whose_command_line_begins_with_an_at)
{
	check_as_first(by_command_line);
}

/* As when one could not be read in time. */
static void without_looking(void)
{
	const struct rlimit none = { 0, 0 };
	pid_t other, named, ours;

	HOLDS(setresgid(NO_ONE, NO_ONE, NO_ONE) == 0 && setresuid(NO_ONE, NO_ONE, NO_ONE) == 0);
	other = start_named("any");
	named = start_named("a) S (" OPENER_NAME);
	ours = start_named(OPENER_NAME);
	usleep(100 * 1000); /* they are named */
	HOLDS(other > 0 && named > 0 && ours > 0 && setrlimit(RLIMIT_NPROC, &none) == 0 && fork() < 0);
	HOLDS(end_within_ms(10000) < 9000);
	HOLDS(!is_there(other) && !is_there(named) && is_there(ours));
}

TEST(end_of_all_without_command_lines_spares_ours_by_their_names)
{
	check_as_first(without_looking);
}

static void without_proc(void)
{
	pid_t other = start_named("any");

	/* what is below belongs to another PID namespace: over it goes a place where nothing is */
	HOLDS(umount2("/proc", MNT_DETACH) == 0 && mount("none", "/proc", "tmpfs", 0, "mode=0") == 0);
	HOLDS(setresuid(NO_ONE, NO_ONE, NO_ONE) == 0);
	HOLDS(end_within_ms(400) >= 400 && is_there(other));
}

TEST(end_of_all_that_cannot_look_does_not_take_it_that_none_is_left)
{
	check_as_first(without_proc);
}

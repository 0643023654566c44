#include "ntp/chronyd.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/servant.h"
#include "base/syscalls.h"
#include "base/users.h"

/* sd_listen_fds(3) */
enum { LISTEN_FDS_START = 3, EXIT_NOT_EXECUTED = 127 };

/* A new user id takes the dumpable flag and the signal at the parent's end back, so those come behind it. */
static int become_user(bool keeps_clock, pid_t parent)
{
	int err = servant_become_with(USER_TIME, keeps_clock ? UINT32_C(1) << CAP_SYS_TIME : 0);

	if (!err && prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		err = -errno;
	/* Who died before that would not end us. */
	return err ? err : getppid() == parent ? 0 : -ESRCH;
}

/* Of the clock: read and slewed, by who has the right to. */
static const struct syscall_row calls[] = {
	SYSCALLS_PROGRAM,
	{ .number = SYS_clone, .arg = 1, .mask = CLONE_THREAD, .value = CLONE_THREAD }, /* names are looked up beside the clock */
	{ .number = SYS_adjtimex },
	{ .number = SYS_clock_adjtime },
	{ .number = SYS_clock_settime },
	{ .number = SYS_settimeofday },
	{ .number = SYS_clock_getres },
	{ .number = SYS_sched_get_priority_max },
	{ .number = SYS_sched_get_priority_min },
	{ .number = SYS_sched_getaffinity },
	{ .number = SYS_sched_setscheduler },
	{ .number = SYS_mlockall },
	{ .number = SYS_setrlimit },
	{ .number = SYS_setgroups },
	{ .number = SYS_setgid },
	{ .number = SYS_setuid },
	{ .number = SYS_timerfd_create },
	{ .number = SYS_timerfd_settime },
};

static _Noreturn void become(const struct ntp_chronyd *chronyd, int log_fd, pid_t parent)
{
	static char search_path[] = "PATH=/sbin:/usr/sbin:/bin:/usr/bin", listen_fds[] = "LISTEN_FDS=1";
	char *const environment[] = { search_path, chronyd->socket_fd >= 0 ? listen_fds : NULL, NULL };
	/* Out of the way of the four that it gets. */
	int given = chronyd->socket_fd < 0 ? -1 : fcntl(chronyd->socket_fd, F_DUPFD_CLOEXEC, LISTEN_FDS_START + 1);
	int log = fcntl(log_fd, F_DUPFD_CLOEXEC, LISTEN_FDS_START + 1), null = open("/dev/null", O_RDWR | O_CLOEXEC);
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	(void)signal(SIGPIPE, SIG_DFL);
	umask(077);
	if (dup2(null, STDIN_FILENO) >= 0 && dup2(log, STDOUT_FILENO) >= 0 && dup2(log, STDERR_FILENO) >= 0 &&
	    (given < 0 || dup2(given, LISTEN_FDS_START) >= 0) && become_user(chronyd->keeps_clock, parent) == 0) {
		(void)syscalls_only(calls, sizeof(calls) / sizeof(calls[0])); /* the time is kept where that cannot be had, too */
		execve(chronyd->path, chronyd->argv, environment);
	}
	_exit(EXIT_NOT_EXECUTED);
}

pid_t ntp_chronyd_start(const struct ntp_chronyd *chronyd, int *log_fd)
{
	const pid_t parent = getpid();
	int ends[2], err;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0)
		return -errno;
	/* Its own end waits, or lines would be lost. */
	(void)fcntl(ends[1], F_SETFL, 0);
	pid = fork();
	if (!pid)
		become(chronyd, ends[1], parent);
	err = -errno;
	close(ends[1]);
	if (pid < 0) {
		close(ends[0]);
		return err;
	}
	*log_fd = ends[0];
	return pid;
}

/* init/variables: lent to a process until it ends, whatever ends it. A tmpfs stands for the firmware's variables. */
#include "test.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/loop.h"
#include "init/sender.h"
#include "init/variables.h"

enum { LATE_S = 60, CANNOT = 77 };

static struct loop loop;
static struct loop_timer look, late;
static const char *dir;
static bool is_read_only;
static int asked_fd; /* blocks */

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

/* It asks PID 1, which is the test, and says in its own way that it may write. */
static pid_t start_borrower(void)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	if (variables_borrow() < 0)
		_exit(1);
	raise(SIGSTOP);
	_exit(0);
}

/* It asked, and goes on only when it is answered. */
static bool lend_to(pid_t pid)
{
	struct signalfd_siginfo info;
	int status;

	return read(asked_fd, &info, sizeof(info)) == sizeof(info) && (pid_t)info.ssi_pid == pid &&
	       waitpid(pid, &status, WUNTRACED | WNOHANG) == 0 && variables_lend(pid) == 0 && waitpid(pid, &status, WUNTRACED) == pid &&
	       WIFSTOPPED(status);
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

/* PID 1, in namespaces of its own. */
static int lend(void)
{
	pid_t one, two;
	char path[64];
	sigset_t asked;
	int fd;

	sigemptyset(&asked);
	sigaddset(&asked, variables_signal());
	sigprocmask(SIG_BLOCK, &asked, NULL);
	asked_fd = signalfd(-1, &asked, SFD_CLOEXEC);
	if (mount("tmpfs", dir, "tmpfs", MS_RDONLY | MS_NODEV | MS_NOSUID | MS_NOEXEC, NULL) < 0)
		return CANNOT;
	if (asked_fd < 0 || loop_open(&loop) < 0 || !variables_are_read_only(dir))
		return 1;
	variables_open(&loop, dir);
	one = fork();
	if (!one)
		_exit(0);
	end_borrower(one);
	if (variables_lend(one) >= 0 || !variables_are_read_only(dir)) /* it is gone */
		return 2;
	one = start_borrower();
	if (!lend_to(one) || variables_are_read_only(dir))
		return 3;
	two = start_borrower();
	if (!lend_to(two))
		return 4;
	end_borrower(one);
	if (!turn() || variables_are_read_only(dir)) /* the other has them still */
		return 5;
	(void)snprintf(path, sizeof(path), "%s/open", dir);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	end_borrower(two);
	if (fd < 0 || !turn() || variables_are_read_only(dir)) /* something has a file open still */
		return 6;
	close(fd);
	return comes_back() ? 0 : 7;
}

TEST(variables_are_writable_until_whoever_borrowed_them_is_killed)
{
	char made[] = "/tmp/variables.XXXXXX";
	int status = 0;
	pid_t pid;

	CHECK(mkdtemp(made) != NULL);
	dir = made;
	pid = fork();
	if (!pid) {
		if (unshare(CLONE_NEWNS | CLONE_NEWPID) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
			_exit(CANNOT);
		pid = fork();
		if (!pid)
			_exit(lend());
		waitpid(pid, &status, 0);
		_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 1);
	}
	waitpid(pid, &status, 0);
	CHECK_INT(rmdir(made), 0);
	if (WIFEXITED(status) && WEXITSTATUS(status) == CANNOT)
		SKIP("namespaces take a privilege");
	CHECK_INT(WEXITSTATUS(status), 0);
}

/* Whoever may send PID 1 a signal would else be lent them by the name of a console. */
TEST(who_asks_for_variables_is_whom_the_kernel_names)
{
	siginfo_t forged = { .si_signo = variables_signal(), .si_code = SI_QUEUE, .si_pid = 1 };
	struct signalfd_siginfo info = { 0 };
	sigset_t asked, before;
	int fd;

	sigemptyset(&asked);
	sigaddset(&asked, variables_signal());
	CHECK_INT(sigprocmask(SIG_BLOCK, &asked, &before), 0);
	fd = signalfd(-1, &asked, SFD_CLOEXEC | SFD_NONBLOCK);
	CHECK_INT(syscall(SYS_rt_sigqueueinfo, getpid(), variables_signal(), &forged), 0);
	CHECK_INT(read(fd, &info, sizeof(info)), sizeof(info));
	CHECK_INT(info.ssi_pid, 1); /* the control: it is taken */
	CHECK_INT(sender_of(&info), 0);
	CHECK_INT(kill(getpid(), variables_signal()), 0);
	CHECK_INT(read(fd, &info, sizeof(info)), sizeof(info));
	CHECK_INT(sender_of(&info), getpid());
	close(fd);
	CHECK_INT(sigprocmask(SIG_SETMASK, &before, NULL), 0);
}

/* Who serves behind a UAPI socket: that its end is waited for, which is later than that of its words, and that no other is taken for it. */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/paths.h"
#include "tunnel/uapi_opener.h"
#include "tunnel/uapi_process.h"

#define ALIAS "an alias of this test alone"

/* One that stands still, called program, and started with alias; it runs once this returns. */
static pid_t start_as(const char *program, const char *alias)
{
	int ends[2];
	char byte;
	pid_t pid;

	if (pipe(ends) < 0)
		return -1;
	pid = fork();
	if (pid == 0) {
		char *argv[] = { (char *)(uintptr_t)program, (char[]){ "-c" }, (char[]){ "echo; kill -STOP $$" }, (char[]){ "--alias" },
				 (char *)(uintptr_t)alias, NULL };

		(void)dup2(ends[1], STDOUT_FILENO);
		close(ends[0]);
		close(ends[1]);
		execv("/bin/sh", argv);
		_exit(1);
	}
	close(ends[1]);
	if (read(ends[0], &byte, 1) != 1)
		pid = -1;
	close(ends[0]);
	return pid;
}

static void stop(pid_t pid)
{
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, NULL, 0);
}

TEST(uapi_process_that_is_killed_has_ended_then)
{
	pid_t ours = start_as(ENGINE_PROCESS, ALIAS), other = start_as(ENGINE_PROCESS, ALIAS " of another");

	CHECK(ours > 0 && other > 0);
	CHECK_INT(uapi_process_kill(ALIAS), 0);
	CHECK_INT(waitpid(ours, NULL, WNOHANG), ours);
	CHECK_INT(waitpid(other, NULL, WNOHANG), 0);
	CHECK_INT(uapi_process_kill(ALIAS), 0);
	stop(other);
}

/* As before Linux 5.3: a process is known by its number alone. For good. */
static bool lose_pidfds(void)
{
	struct sock_filter rows[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_pidfd_open, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	const struct sock_fprog program = { sizeof(rows) / sizeof(rows[0]), rows };

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0 &&
	       syscall(SYS_pidfd_open, getpid(), 0) < 0 && errno == ENOSYS;
}

/* No one waits for it: it is a zombie from its end on. 0, or what does not hold. */
static int end_without_a_wait(bool has_pidfds)
{
	pid_t pid = start_as(ENGINE_PROCESS, ALIAS);
	siginfo_t info = { .si_pid = 0 };

	if (pid < 0 || (!has_pidfds && !lose_pidfds()))
		return 1;
	if (uapi_process_kill(ALIAS) != 0)
		return 2;
	if (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT) < 0 || info.si_pid != pid)
		return 3;
	/* Again, now that it is one from the beginning. */
	if (uapi_process_kill(ALIAS) != 0)
		return 4;
	return waitpid(pid, NULL, 0) == pid ? 0 : 5;
}

TEST(uapi_process_that_no_one_waited_for_is_not_alive)
{
	for (int has_pidfds = 0; has_pidfds < 2; has_pidfds++) {
		int status = 0;
		pid_t pid = fork();

		if (pid == 0)
			_exit(end_without_a_wait(has_pidfds));
		CHECK(pid > 0);
		CHECK_INT(waitpid(pid, &status, 0), pid);
		CHECK_INT(status, 0);
	}
}

/* A signal ends it no more than one that waits for a disk: it stops in its end, until it is let go. */
static bool hold_in_its_end(pid_t pid)
{
	return ptrace(PTRACE_SEIZE, pid, NULL, (void *)(uintptr_t)PTRACE_O_TRACEEXIT) == 0;
}

static void let_go(pid_t pid)
{
	int status;

	/* It is stopped as it was, too. */
	while (waitpid(pid, &status, 0) == pid && WIFSTOPPED(status))
		(void)ptrace(status >> 16 == PTRACE_EVENT_EXIT ? PTRACE_DETACH : PTRACE_CONT, pid, NULL, NULL);
}

TEST(uapi_opener_that_does_not_end_is_told_once_and_followed_by_no_other)
{
	struct uapi_opener opener = { .wait_s = 0 };
	static struct tunnel tunnel = { .device = "wg0", .alias = ALIAS };
	struct uapi_asker more = { .fd = -1 };
	char said[512] = "";
	pid_t pid = start_as(OPENER_APPLET, ALIAS);
	bool mended = false;
	int ends[2], kill_err;

	CHECK(pid > 0);
	if (!hold_in_its_end(pid)) {
		stop(pid);
		SKIP("a process may not be traced here");
	}
	CHECK_INT(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
	log_copy(ends[1]);
	for (unsigned s = 0; s < 10; s += 5)
		mended = mended || uapi_opener_mend(&opener, &more, &tunnel, (1000 + s) * NS_PER_S);
	log_copy(-1);
	kill_err = uapi_process_kill(ALIAS);
	let_go(pid);
	CHECK(read(ends[0], said, sizeof(said) - 1) > 0);
	close(ends[0]);
	CHECK(!mended && opener.failed && !opener.takes_none);
	CHECK_INT(kill_err, -EBUSY);
	CHECK(strstr(said, "wg0: who opens sockets for it hangs and does not end, and it gets no other\n"));
	CHECK_INT(strchr(said, '\n') - said, (long long)strlen(said) - 1);
	/* It has ended by now. */
	CHECK_INT(uapi_process_kill(ALIAS), 0);
}

TEST(uapi_process_that_cannot_be_looked_for_counts_as_alive)
{
	static const struct rlimit none = { 0, 0 };
	int status = 0;
	pid_t pid = fork();

	if (pid == 0)
		_exit(setrlimit(RLIMIT_NOFILE, &none) < 0 || uapi_process_kill(ALIAS) != -EMFILE);
	CHECK(pid > 0);
	CHECK_INT(waitpid(pid, &status, 0), pid);
	CHECK_INT(status, 0);
}

TEST(uapi_process_is_held_by_a_connection_to_it)
{
	int ends[2], process;

	CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
	process = uapi_process_hold(ends[0]); /* ourselves */
	CHECK(process >= 0);
	CHECK(!uapi_process_ends(process, clock_now_ns() + 10 * NS_PER_MS));
	close(process);
	/* Neither an engine nor one that has a TUN. */
	CHECK_INT(uapi_process_whose(ends[0], ALIAS, "wg0"), UAPI_PROCESS_OTHERS);
	close(ends[0]);
	CHECK(uapi_process_hold(ends[0]) < 0);
	CHECK(!uapi_process_ends(-1, clock_now_ns() + 10 * NS_PER_MS));
	close(ends[1]);
}

/* Who serves behind a UAPI socket: that its end is waited for, which is later than that of its words, and that no other is taken for it. */
#include "test.h"

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/paths.h"
#include "tunnel/uapi_process.h"

#define ALIAS "an alias of this test alone"

/* One that stands still, called as the engine is, and started with alias; it runs once this returns. */
static pid_t start_as(const char *alias)
{
	int ends[2];
	char byte;
	pid_t pid;

	if (pipe(ends) < 0)
		return -1;
	pid = fork();
	if (pid == 0) {
		char *argv[] = { (char[]){ ENGINE_PROCESS }, (char[]){ "-c" }, (char[]){ "echo; kill -STOP $$" }, (char[]){ "--alias" },
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
	pid_t ours = start_as(ALIAS), other = start_as(ALIAS " of another");

	CHECK(ours > 0 && other > 0);
	CHECK_INT(uapi_process_kill(ALIAS), 0);
	CHECK_INT(waitpid(ours, NULL, WNOHANG), ours);
	CHECK_INT(waitpid(other, NULL, WNOHANG), 0);
	CHECK_INT(uapi_process_kill(ALIAS), 0);
	stop(other);
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
	CHECK(!uapi_process_ends(process));
	close(process);
	/* Neither an engine nor one that has a TUN. */
	CHECK_INT(uapi_process_whose(ends[0], ALIAS, "wg0"), UAPI_PROCESS_OTHERS);
	close(ends[0]);
	CHECK(uapi_process_hold(ends[0]) < 0);
	CHECK(!uapi_process_ends(-1));
	close(ends[1]);
}

#include "worker/first.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"

enum { KILLED = 128 }; /* as a shell has it: 128 and the signal */

/* Everything that has ended; once the service has, so does process 1, and the kernel ends what is left in the container. */
static void reap(pid_t service)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		if (pid == service)
			_exit(WIFSIGNALED(status) ? KILLED + WTERMSIG(status) : WEXITSTATUS(status));
}

void first_process(void)
{
	static const int handed_on[] = { SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGCHLD };
	sigset_t signals, before;
	pid_t service;
	int sig;

	if (getpid() != 1)
		return;
	sigemptyset(&signals);
	for (size_t i = 0; i < sizeof(handed_on) / sizeof(handed_on[0]); i++)
		sigaddset(&signals, handed_on[i]);
	sigprocmask(SIG_BLOCK, &signals, &before);
	service = fork();
	if (service <= 0) {
		sigprocmask(SIG_SETMASK, &before, NULL);
		if (service < 0)
			log_err("no process can be made, so none is reaped: %s", strerror(errno));
		return;
	}
	for (;;) {
		sig = sigwaitinfo(&signals, NULL);
		if (sig == SIGCHLD)
			reap(service);
		else if (sig > 0)
			kill(service, sig);
	}
}

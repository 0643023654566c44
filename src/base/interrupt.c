#include "base/interrupt.h"

#include <errno.h>
#include <signal.h>

static volatile sig_atomic_t came;
static struct sigaction before;
static bool heard, seen; /* seen: interrupt_came has told of it */

static void note(int sig)
{
	(void)sig;
	came = 1;
}

void interrupt_hear(void)
{
	const struct sigaction action = { .sa_handler = note };

	if (!heard)
		sigaction(SIGINT, &action, &before);
	heard = true;
}

void interrupt_unhear(void)
{
	if (heard)
		sigaction(SIGINT, &before, NULL);
	heard = false;
}

bool interrupt_came(void)
{
	seen = came;
	return seen;
}

void interrupt_clear(void)
{
	seen = false;
	came = 0;
}

int interrupt_poll(struct pollfd *what, size_t count, const struct timespec *timeout)
{
	sigset_t interrupt, was;
	int n;

	sigemptyset(&interrupt);
	sigaddset(&interrupt, SIGINT);
	/* It is let in only where it ends the wait. */
	sigprocmask(SIG_BLOCK, &interrupt, &was);
	if (came && !seen)
		n = -EINTR;
	else if ((n = ppoll(what, count, timeout, &was)) < 0)
		n = -errno;
	sigprocmask(SIG_SETMASK, &was, NULL);
	return n;
}

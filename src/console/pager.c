#include "console/pager.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/exit.h"
#include "base/terminal.h"

#define QUESTION "--more-- (Enter, q)"
#define ANSWERED "\r\x1b[K"
#define NOT_OBEYED ANSWERED "that line was not obeyed: more of the last one is to come\n" QUESTION

enum { ETX = 0x03, ESC = 0x1b };

static struct {
	pid_t pid;
	int screen; /* what was standard output */
	int end;    /* closed: the command has ended, whoever else holds the pipe */
} pager = { .screen = -1, .end = -1 };

static void print(void *arg, const char *bytes, size_t len)
{
	(void)arg;
	while (len) {
		ssize_t n = write(pager.screen, bytes, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			_exit(1);
		bytes += n;
		len -= (size_t)n;
	}
}

static bool after_cr; /* of the last answer */

/* Ctrl-C: what is on its way to the screen the terminal throws away. */
static void leave(int sig)
{
	static const char words[] = ANSWERED "^C\n";

	(void)sig;
	(void)!write(pager.screen, words, sizeof(words) - 1);
	_exit(0);
}

/* Waits for Enter or a blank; ends the process for q, and when no one is there. Any other character begins a line that was meant for
 * a prompt, or is noise: what comes up to its Enter is none of these either, and no one obeys it. */
static void ask(void)
{
	struct pollfd input = { .fd = STDIN_FILENO, .events = POLLIN };
	enum { PLAIN, ESCAPED, SEQUENCE } keys = PLAIN; /* of an arrow and the like: ECMA-48, 5.4 */
	bool is_line = false;

	print(NULL, QUESTION, sizeof(QUESTION) - 1);
	for (;;) {
		bool was_cr = after_cr, is_enter;
		int n = poll(&input, 1, terminal_idle_ms());
		char key;

		if (n < 1 || read(STDIN_FILENO, &key, 1) != 1)
			_exit(n ? 1 : EXIT_IDLE);
		after_cr = key == '\r';
		if (key == ESC || keys != PLAIN) {
			keys = key == ESC ? ESCAPED
			       : keys == ESCAPED && (key == '[' || key == 'O') ? SEQUENCE
			       : keys == SEQUENCE && (key < '@' || key > '~') ? SEQUENCE
			       : PLAIN;
			continue;
		}
		is_enter = key == '\r' || (key == '\n' && !was_cr); /* not the LF of a CRLF */
		if (key == ETX || (!is_line && (key == 'q' || key == 'Q'))) {
			print(NULL, ANSWERED, sizeof(ANSWERED) - 1);
			_exit(0);
		}
		if (!is_line && (is_enter || key == ' '))
			break;
		if (is_line && is_enter)
			print(NULL, NOT_OBEYED, sizeof(NOT_OBEYED) - 1);
		is_line = (is_line && !is_enter) || (key > ' ' && key <= '~');
	}
	print(NULL, ANSWERED, sizeof(ANSWERED) - 1);
}

static void take(struct page *page, const char *bytes, size_t len)
{
	size_t taken = 0;

	while ((taken += page_feed(page, bytes + taken, len - taken)) < len) {
		/* A paste goes on: it is for the commands behind this one, and no one waits for a page. The LF of a CRLF is
		 * none. */
		if (terminal_waiting() > (size_t)after_cr)
			page->rows = 0;
		else
			ask();
		page_go_on(page);
	}
}

static _Noreturn void serve(struct page *page, int in, int end)
{
	struct pollfd ready[] = { { .fd = in, .events = POLLIN }, { .fd = end, .events = POLLIN } };
	bool ended = false;
	char bytes[4096];

	(void)signal(SIGINT, leave);
	page->print = print;
	for (;;) {
		ssize_t n;

		if (poll(ready, ended ? 1 : 2, ended ? 0 : -1) < 0 && errno != EINTR)
			_exit(1);
		ended = ended || ready[1].revents;
		if (!ready[0].revents && ended)
			break;
		if (!ready[0].revents)
			continue;
		n = read(in, bytes, sizeof(bytes));
		if (n <= 0)
			break;
		take(page, bytes, (size_t)n);
	}
	page_end(page);
	_exit(0);
}

int pager_begin(const struct page *page)
{
	static struct page copy;
	int in[2] = { -1, -1 }, end[2] = { -1, -1 }, err = 0;

	(void)fflush(stdout);
	copy = *page;
	pager.pid = -1;
	if (pipe2(in, O_CLOEXEC) < 0 || pipe2(end, O_CLOEXEC) < 0 ||
	    (pager.screen = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0)) < 0 || (pager.pid = fork()) < 0)
		err = -errno;
	if (!pager.pid) {
		close(in[1]);
		close(end[1]);
		serve(&copy, in[0], end[0]);
	}
	if (!err && dup2(in[1], STDOUT_FILENO) < 0)
		err = -errno;
	pager.end = end[1];
	if (in[0] >= 0) {
		close(in[0]);
		close(in[1]);
	}
	if (end[0] >= 0)
		close(end[0]);
	if (err)
		(void)pager_end();
	return err;
}

bool pager_end(void)
{
	int status = 0;

	(void)fflush(stdout);
	/* Whoever reads had enough: what could not be printed is no error of the next command. */
	clearerr(stdout);
	if (pager.screen >= 0) {
		(void)dup2(pager.screen, STDOUT_FILENO);
		close(pager.screen);
	}
	if (pager.end >= 0)
		close(pager.end);
	pager.screen = pager.end = -1;
	while (pager.pid > 0 && waitpid(pager.pid, &status, 0) < 0 && errno == EINTR)
		continue;
	pager.pid = 0;
	return WIFEXITED(status) && WEXITSTATUS(status) == EXIT_IDLE;
}

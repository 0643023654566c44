#include "engine/background.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/descriptors.h"
#include "base/log.h"
#include "base/text.h"

#define SELF "/proc/self/exe"

enum { NAME_LEN = 32 };

static int told_fd = -1;
static bool has_left; /* standard error is not where it was started any more */

/* What is opened later must not get their numbers. */
static void fill_standard(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

static void reset_signals(void)
{
	sigset_t none;

	for (int signal_number = 1; signal_number < _NSIG; signal_number++)
		(void)signal(signal_number, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

void background_clean(char **argv, const char *name, const int *keep, size_t keep_count)
{
	static char marked[NAME_LEN];

	text_format(marked, sizeof(marked), "@%s", name);
	if (strcmp(argv[0], marked) != 0) {
		argv[0] = marked;
		execv(SELF, argv);
		/* No /proc: it has the name that it has. */
	}
	(void)prctl(PR_SET_NAME, name);
	descriptors_close_others(keep, keep_count);
	for (size_t i = 0; i < keep_count; i++)
		if (keep[i] >= 0)
			(void)fcntl(keep[i], F_SETFD, FD_CLOEXEC);
	fill_standard();
	reset_signals();
}

/* The parent's life: a newline is all that a child says that is ready, and words are told by him who fails. */
static _Noreturn void wait_for_child(int fd)
{
	char bytes[512];
	ssize_t n = read(fd, bytes, sizeof(bytes));

	if (n == 1 && bytes[0] == '\n')
		_exit(0);
	if (n > 0)
		(void)!write(STDERR_FILENO, bytes, (size_t)n);
	_exit(1);
}

int background_begin(void)
{
	int ends[2];
	pid_t child;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	child = fork();
	if (child < 0)
		return -errno;
	if (child) {
		close(ends[1]);
		wait_for_child(ends[0]);
	}
	close(ends[0]);
	told_fd = ends[1];
	(void)setsid();
	return chdir("/") < 0 ? -errno : 0;
}

void background_leave(int log_fd)
{
	int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (log_fd < 0 && !log_is_kernels())
		log_fd = open("/dev/kmsg", O_WRONLY | O_CLOEXEC | O_NOCTTY);
	if (nothing >= 0) {
		(void)dup2(nothing, STDIN_FILENO);
		(void)dup2(nothing, STDOUT_FILENO);
		if (log_fd < 0 && !log_is_kernels())
			(void)dup2(nothing, STDERR_FILENO);
		if (nothing > STDERR_FILENO)
			close(nothing);
	}
	if (log_fd >= 0) {
		(void)dup2(log_fd, STDERR_FILENO);
		if (log_fd > STDERR_FILENO)
			close(log_fd);
	}
	has_left = true;
}

void background_fail(const char *words)
{
	char text[256];

	if (told_fd < 0 || !has_left)
		return;
	text_format(text, sizeof(text), "%s\n", words);
	(void)!write(told_fd, text, strlen(text));
}

int background_ready(void)
{
	int err = 0;

	if (told_fd < 0)
		return 0;
	if (write(told_fd, "\n", 1) < 0)
		err = -errno;
	close(told_fd);
	told_fd = -1;
	return err;
}

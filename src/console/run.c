#include "console/run.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/exit.h"
#include "base/file.h"
#include "base/interrupt.h"
#include "base/terminal.h"
#include "base/text.h"

#define SELF "/proc/self/exe"

enum {
	SIGNALLED = 128, /* sh(1)'s status of what a signal ended */
	STUCK_MAX = 8,
	END_WAIT_S = 5, /* for what was interrupted; a service has 4 s to end its answer */
	END_WAIT_AGAIN_S = 1, /* and was once more */
	INTERRUPTS_MAX = 8, /* so many of them, one behind the other, are no key of what goes on by itself */
};

static _Noreturn void become(const char *const argv[])
{
	char *copy[RUN_WORDS_MAX + 1] = { NULL };

	for (size_t i = 0; i < RUN_WORDS_MAX && argv[i]; i++)
		copy[i] = strdup(argv[i]);
	(void)signal(SIGINT, SIG_DFL);
	(void)signal(SIGPIPE, SIG_DFL);
	terminal_pass_on();
	execv(SELF, copy);
	(void)fprintf(stderr, "cannot start: %s\n", strerror(errno));
	_exit(127);
}

/* A process that waits for a disk ends when the disk answers and not before, whatever signal it gets. */
static struct {
	pid_t pid; /* 0: none */
	char name[32];
} stuck[STUCK_MAX];

/* check, write and the like are all `gateway` to the one who looks for them. */
static void name_of(const char *const argv[], char *dst, size_t cap)
{
	text_format(dst, cap, "%s%s%s", argv[0], argv[1] ? " " : "", argv[1] ? argv[1] : "");
}

/* The process that was left behind with these words and still hangs, 0 when there is none. */
static pid_t find_stuck(const char *const argv[])
{
	char name[sizeof(stuck[0].name)];
	pid_t found = 0;

	name_of(argv, name, sizeof(name));
	for (size_t i = 0; i < STUCK_MAX; i++) {
		if (stuck[i].pid && waitpid(stuck[i].pid, NULL, WNOHANG) != 0)
			stuck[i].pid = 0;
		if (stuck[i].pid && !strcmp(stuck[i].name, name))
			found = stuck[i].pid;
	}
	return found;
}

static void leave_stuck(pid_t pid, const char *const argv[])
{
	size_t i = 0;

	while (i < STUCK_MAX - 1 && stuck[i].pid)
		i++;
	stuck[i].pid = pid;
	name_of(argv, stuck[i].name, sizeof(stuck[i].name));
	printf("%s does not end (process %d): it waits for the disk,\nand ends when that answers\n", stuck[i].name, (int)pid);
}

/* proc_pid_stat(5): its state, a letter. */
static char state_of(pid_t pid)
{
	char path[32], stat[512];
	const char *end;
	ssize_t n;

	text_format(path, sizeof(path), "/proc/%d/stat", (int)pid);
	n = file_read_begin(AT_FDCWD, path, stat, sizeof(stat));
	end = n > 0 ? memrchr(stat, ')', (size_t)n) : NULL;
	return end && end + 2 < stat + n ? end[2] : '?';
}

/* By a disk or a driver: itself, or a program that it waits for. */
static bool is_held(pid_t pid)
{
	char path[64], children[256] = "";
	struct slice rest, word;
	bool held = state_of(pid) == 'D';
	uint64_t child;

	text_format(path, sizeof(path), "/proc/%d/task/%d/children", (int)pid, (int)pid);
	(void)file_read_begin(AT_FDCWD, path, children, sizeof(children));
	for (rest = slice_of(children); !held && slice_word(&rest, &word);)
		held = !text_uint(word, INT32_MAX, &child) && state_of((pid_t)child) == 'D';
	return held;
}

/* Waits for the end of pid: true with its wait status; false when Ctrl-C came and it waits for a disk. */
static bool await(pid_t pid, int *status)
{
	static const struct timespec moment = { .tv_sec = END_WAIT_S }, again = { .tv_sec = END_WAIT_AGAIN_S };
	const struct timespec *wait = interrupt_came() ? &moment : NULL;
	struct pollfd end = { .fd = (int)syscall(SYS_pidfd_open, pid, 0), .events = POLLIN };
	unsigned interrupts = 0;
	bool held = false;
	int n;

	/* Ctrl-C reaches it as well; it is given a moment to end of it. To one that takes lines it is a key, and that goes on. */
	while (end.fd >= 0 && !held && (n = interrupt_poll(&end, 1, wait)) <= 0) {
		if (n < 0 && n != -EINTR)
			break;
		if (n == -EINTR && ++interrupts == INTERRUPTS_MAX)
			(void)kill(pid, SIGKILL);
		if (n == -EINTR)
			wait = wait ? &again : &moment;
		else
			interrupts = 0;
		held = !n && is_held(pid);
		wait = n || held ? wait : NULL;
		(void)interrupt_came();
	}
	if (end.fd >= 0)
		close(end.fd);
	if (held)
		return false;
	while (waitpid(pid, status, 0) < 0 && errno == EINTR)
		continue;
	return true;
}

static bool idled;

bool run_idled(void)
{
	bool was = idled;

	idled = false;
	return was;
}

static int run(const char *const argv[])
{
	pid_t pid = find_stuck(argv);
	int status;

	if (pid) {
		printf("the last one still waits for the disk (process %d): it is not started again\n", (int)pid);
		return 1;
	}
	(void)fflush(stdout);
	interrupt_clear();
	pid = fork();
	if (!pid)
		become(argv);
	if (pid < 0) {
		printf("cannot start: %s\n", strerror(errno));
		return 1;
	}
	if (!await(pid, &status)) {
		leave_stuck(pid, argv);
		return SIGNALLED + SIGINT;
	}
	if (WIFEXITED(status)) {
		idled = idled || WEXITSTATUS(status) == EXIT_IDLE;
		return WEXITSTATUS(status);
	}
	printf("\n");
	return SIGNALLED + WTERMSIG(status);
}

int run_words(const char *const argv[])
{
	int status = run(argv);

	/* What was meant for the command is not meant for the next prompt. */
	interrupt_clear();
	return status;
}

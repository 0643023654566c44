#include "tunnel/uapi_program.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/paths.h"
#include "base/text.h"

#define SELF "/proc/self/exe"

/* Its descriptors. */
enum { LOG_FD = 3, NETNS_FD = 4 };

enum { FINISH_MS = 1000, KILLED_MS = 1000, STEP_MS = 10 };

extern char **environ;

/* What becomes which descriptor of it. */
struct handed {
	int from, to;
};

/* Apart from the numbers that they are to have, of which one may be another's here: a copy of each, or -1. */
static void copy_apart(struct handed *handed, size_t count)
{
	for (size_t i = 0; i < count; i++)
		handed[i].from = fcntl(handed[i].from, F_DUPFD_CLOEXEC, NETNS_FD + 1);
}

static int set_up_child(posix_spawn_file_actions_t *actions, posix_spawnattr_t *attr, const struct handed *handed, size_t count)
{
	sigset_t none, all;
	int err = 0;

	sigemptyset(&none);
	sigfillset(&all);
	for (size_t i = 0; !err && i < count; i++)
		err = handed[i].from < 0 ? EMFILE : posix_spawn_file_actions_adddup2(actions, handed[i].from, handed[i].to);
	if (!err)
		err = posix_spawnattr_setsigmask(attr, &none);
	if (!err)
		err = posix_spawnattr_setsigdefault(attr, &all);
	if (!err)
		err = posix_spawnattr_setflags(attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	return -err;
}

static int spawn(const char *const *argv, struct handed *handed, size_t count, pid_t *pid)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	int err = -posix_spawn_file_actions_init(&actions);

	if (err)
		return err;
	copy_apart(handed, count);
	err = -posix_spawnattr_init(&attr);
	if (!err) {
		err = set_up_child(&actions, &attr, handed, count);
		if (!err)
			err = -posix_spawn(pid, SELF, &actions, &attr, (char *const *)(void *)(uintptr_t)argv, environ);
		posix_spawnattr_destroy(&attr);
	}
	posix_spawn_file_actions_destroy(&actions);
	for (size_t i = 0; i < count; i++)
		if (handed[i].from >= 0)
			close(handed[i].from);
	return err;
}

/* words_fd: where it says why it cannot. Its log is ours behind that. */
static int spawn_program(const struct uapi_program_options *options, int words_fd, pid_t *pid)
{
	const char *argv[16] = { ENGINE_PROCESS, "--alias", options->alias, "--sockets", options->sockets, "--uapi", options->name, "--log", "3" };
	struct handed handed[] = { { STDERR_FILENO, LOG_FD }, { words_fd, STDERR_FILENO }, { options->netns_fd, NETNS_FD } };
	size_t count = 9;

	if (options->netns_fd >= 0) {
		argv[count++] = "--netns";
		argv[count++] = "4";
	}
	argv[count++] = options->device;
	return spawn(argv, handed, options->netns_fd >= 0 ? 3 : 2, pid);
}

int uapi_program_opener(void)
{
	static pid_t last; /* 0: none, or waited for */
	static const char *const argv[] = { OPENER_APPLET, NULL };
	int ends[2], err;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) < 0)
		return -errno;
	if (last)
		(void)waitpid(last, NULL, WNOHANG);
	err = spawn(argv, &(struct handed){ ends[1], STDIN_FILENO }, 1, &last);
	close(ends[1]);
	if (err < 0)
		close(ends[0]);
	return err < 0 ? err : ends[0];
}

/* What it wrote, up to the end of it or the time: 0 or -ETIMEDOUT. The last line is what counts. */
static int read_words(int fd, char *words, size_t cap, uint64_t deadline_ns)
{
	size_t len = 0;

	words[0] = '\0';
	for (;;) {
		struct pollfd ready = { .fd = fd, .events = POLLIN };
		uint64_t now_ns = clock_now_ns();
		char more[256];
		ssize_t n;

		if (now_ns >= deadline_ns || poll(&ready, 1, (int)((deadline_ns - now_ns) / NS_PER_MS) + 1) <= 0) {
			if (clock_now_ns() >= deadline_ns)
				return -ETIMEDOUT;
			continue;
		}
		n = read(fd, more, sizeof(more));
		if (n <= 0)
			return 0;
		for (ssize_t i = 0; i < n && len + 1 < cap; i++)
			words[len++] = more[i];
		words[len] = '\0';
	}
}

/* The last line, without the name in front that its caller has too. */
static void trim_words(char *words)
{
	size_t len = strlen(words);
	const char *line;

	while (len && words[len - 1] == '\n')
		words[--len] = '\0';
	line = strrchr(words, '\n');
	line = line ? line + 1 : words;
	if (!strncmp(line, ENGINE_APPLET, sizeof(ENGINE_APPLET) - 1) && strstr(line, ": "))
		line = strstr(line, ": ") + 2;
	memmove(words, line, strlen(line) + 1);
	text_make_printable(words);
}

int uapi_program_start(const struct uapi_program_options *options, char *words, size_t cap)
{
	uint64_t deadline_ns = clock_now_ns() + UAPI_PROGRAM_WAIT_MS * NS_PER_MS;
	int ends[2], status = 0, err;
	pid_t pid = 0;

	words[0] = '\0';
	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	err = spawn_program(options, ends[1], &pid);
	close(ends[1]);
	if (!err)
		err = read_words(ends[0], words, cap, deadline_ns);
	close(ends[0]);
	if (err < 0 && pid)
		kill(pid, SIGKILL);
	while (pid && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	trim_words(words);
	if (!err && status)
		err = -EIO;
	return err;
}

/* ---- its end ---- */

static bool has_word(struct slice words, const char *word)
{
	struct slice one;

	while (slice_cut(&words, '\0', &one))
		if (slice_equal(one, word))
			return true;
	return false;
}

static struct slice read_proc(const char *pid, const char *name, char *text, size_t cap)
{
	char path[64];
	ssize_t n;

	text_format(path, sizeof(path), "/proc/%s/%s", pid, name);
	n = file_read_begin(AT_FDCWD, path, text, cap);
	return (struct slice){ text, n > 0 ? (size_t)n : 0 };
}

/* A container's processes are seen from its host, and may have the same names: they have a second number, inside. */
static bool is_inside(const char *pid)
{
	char text[4096];
	struct slice status = read_proc(pid, "status", text, sizeof(text)), line, word;
	size_t numbers = 0;

	while (slice_cut(&status, '\n', &line)) {
		if (!slice_starts(line, "NSpid:"))
			continue;
		for (slice_word(&line, &word); slice_word(&line, &word);)
			numbers++;
	}
	return numbers > 1;
}

/* The program that was started with that alias. */
static bool is_of(const char *pid, const char *alias)
{
	char text[1024];
	struct slice words = read_proc(pid, "cmdline", text, sizeof(text));

	return words.len && !strcmp(text, ENGINE_PROCESS) && has_word(words, alias) && !is_inside(pid);
}

/* How many there are still. */
static size_t kill_all(const char *alias)
{
	DIR *dir = opendir("/proc");
	const struct dirent *entry;
	size_t count = 0;

	while (dir && (entry = readdir(dir)) != NULL) {
		uint64_t pid;

		if (text_uint(slice_of(entry->d_name), INT32_MAX, &pid) < 0 || !is_of(entry->d_name, alias))
			continue;
		count++;
		kill((pid_t)pid, SIGKILL);
	}
	if (dir)
		closedir(dir);
	return count;
}

bool uapi_program_kill(const char *alias)
{
	const struct timespec step = { .tv_nsec = STEP_MS * (long)NS_PER_MS };

	for (int waited_ms = 0; kill_all(alias); waited_ms += STEP_MS) {
		if (waited_ms >= KILLED_MS)
			return false;
		nanosleep(&step, NULL);
	}
	return true;
}

void uapi_program_finish(int fd, const char *alias)
{
	struct pollfd end = { .fd = fd, .events = POLLRDHUP };

	if (fd < 0 || poll(&end, 1, FINISH_MS) != 1)
		(void)uapi_program_kill(alias);
}

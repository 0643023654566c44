#include "tunnel/uapi_process.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/await.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/paths.h"
#include "base/text.h"

enum { STEP_MS = 10 };

/* ---- which one it is ---- */

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

/* What was started as program, with that alias. */
struct wanted {
	const char *program, *alias;
};

static bool is_of(const char *pid, const struct wanted *wanted)
{
	char text[1024];
	struct slice words = read_proc(pid, "cmdline", text, sizeof(text));

	return words.len && !strcmp(text, wanted->program) && has_word(words, wanted->alias) && !is_inside(pid);
}

/* 0 or -errno; -ESRCH: it is of another PID namespace. */
static int read_other(int socket, pid_t *pid)
{
	struct ucred other;
	socklen_t len = sizeof(other);

	if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &other, &len) < 0)
		return -errno;
	*pid = other.pid;
	return other.pid > 0 ? 0 : -ESRCH;
}

int uapi_process_hold(int socket)
{
	pid_t pid = 0;
	int err = read_other(socket, &pid);
	long fd;

	if (err < 0)
		return err;
	fd = syscall(SYS_pidfd_open, pid, 0);
	return fd < 0 ? -errno : (int)fd;
}

/* A TUN's name stands with each descriptor of it (tun_chr_show_fdinfo). */
static bool has_line(struct slice text, const char *first, const char *second)
{
	struct slice line, word;

	while (slice_cut(&text, '\n', &line))
		if (slice_cut(&line, '\t', &word) && slice_equal(word, first) && slice_equal(line, second))
			return true;
	return false;
}

/* -errno: it is not to be seen. */
static int has_open(const char *pid, const char *device)
{
	char path[64], text[1024];
	const struct dirent *entry;
	int found = 0;
	DIR *dir;

	text_format(path, sizeof(path), "/proc/%s/fdinfo", pid);
	dir = opendir(path);
	if (!dir)
		return -errno;
	while (!found && (entry = readdir(dir)) != NULL) {
		text_format(path, sizeof(path), "fdinfo/%.20s", entry->d_name);
		found = has_line(read_proc(pid, path, text, sizeof(text)), "iff:", device);
	}
	closedir(dir);
	return found;
}

enum uapi_process_whose uapi_process_whose(int socket, const char *alias, const char *device)
{
	char name[16], text[64];
	pid_t pid = 0;
	int has;

	if (read_other(socket, &pid) < 0)
		return UAPI_PROCESS_UNKNOWN;
	text_format(name, sizeof(name), "%d", (int)pid);
	if (is_of(name, &(const struct wanted){ ENGINE_PROCESS, alias }))
		return UAPI_PROCESS_OURS;
	if (!read_proc(name, "cmdline", text, sizeof(text)).len)
		return UAPI_PROCESS_UNKNOWN;
	if (!strcmp(text, ENGINE_PROCESS))
		return UAPI_PROCESS_OTHERS;
	has = has_open(name, device);
	return has < 0 ? UAPI_PROCESS_UNKNOWN : has ? UAPI_PROCESS_OURS : UAPI_PROCESS_OTHERS;
}

/* ---- its end ---- */

static uint64_t end_ns(void)
{
	return clock_now_ns() + UAPI_PROCESS_END_MS * NS_PER_MS;
}

bool uapi_process_ends(int process, uint64_t deadline_ns)
{
	return process >= 0 && !await_ready(process, POLLIN, deadline_ns);
}

/* Before Linux 5.3. */
static bool kill_by_number(pid_t pid, const char *name, const struct wanted *wanted, uint64_t deadline_ns)
{
	const struct timespec step = { .tv_nsec = STEP_MS * (long)NS_PER_MS };

	for (; is_of(name, wanted); nanosleep(&step, NULL)) {
		kill(pid, SIGKILL);
		if (clock_now_ns() >= deadline_ns)
			return false;
	}
	return true;
}

/* Looked at once it is held: its number is no other's from there on. */
static bool kill_one(pid_t pid, const char *name, const struct wanted *wanted, uint64_t deadline_ns)
{
	int process = (int)syscall(SYS_pidfd_open, pid, 0);
	bool ended = true;

	if (process < 0)
		return errno == ESRCH || kill_by_number(pid, name, wanted, deadline_ns);
	if (is_of(name, wanted)) {
		(void)syscall(SYS_pidfd_send_signal, process, SIGKILL, NULL, 0);
		ended = !await_ready(process, POLLIN, deadline_ns);
	}
	close(process);
	return ended;
}

static int kill_all(const struct wanted *wanted, uint64_t deadline_ns)
{
	DIR *dir = opendir("/proc");
	const struct dirent *entry;
	int err = 0;

	if (!dir)
		return -errno;
	while ((entry = readdir(dir)) != NULL) {
		uint64_t pid;

		if (text_uint(slice_of(entry->d_name), INT32_MAX, &pid) == 0 && is_of(entry->d_name, wanted) &&
		    !kill_one((pid_t)pid, entry->d_name, wanted, deadline_ns))
			err = -EBUSY;
	}
	closedir(dir);
	return err;
}

int uapi_process_kill_opener(const char *alias)
{
	return kill_all(&(const struct wanted){ OPENER_APPLET, alias }, end_ns());
}

/* The program first: it can say of no one who opens sockets for it that he is gone. */
int uapi_process_kill_until(const char *alias, uint64_t deadline_ns)
{
	int err = kill_all(&(const struct wanted){ ENGINE_PROCESS, alias }, deadline_ns);
	int opener_err = kill_all(&(const struct wanted){ OPENER_APPLET, alias }, deadline_ns);

	return err < 0 ? err : opener_err;
}

int uapi_process_kill(const char *alias)
{
	return uapi_process_kill_until(alias, end_ns());
}

void uapi_process_finish(int process, int socket, const char *alias, uint64_t deadline_ns)
{
	uint64_t now_ns = clock_now_ns(), by_itself_ns = now_ns < deadline_ns ? now_ns + (deadline_ns - now_ns) / 2 : now_ns;

	if (process >= 0)
		(void)uapi_process_ends(process, by_itself_ns);
	else if (socket >= 0)
		(void)await_ready(socket, POLLRDHUP, by_itself_ns);
	(void)uapi_process_kill_until(alias, deadline_ns);
}

#include "tunnel/uapi_process.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/paths.h"
#include "base/text.h"

enum { FINISH_MS = 1000, KILLED_MS = 1000, STEP_MS = 10 };

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

/* The program that was started with that alias. */
static bool is_of(const char *pid, const char *alias)
{
	char text[1024];
	struct slice words = read_proc(pid, "cmdline", text, sizeof(text));

	return words.len && !strcmp(text, ENGINE_PROCESS) && has_word(words, alias) && !is_inside(pid);
}

int uapi_process_hold(int socket)
{
	struct ucred other;
	socklen_t len = sizeof(other);
	long fd;

	if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &other, &len) < 0)
		return -errno;
	if (other.pid <= 0)
		return -ESRCH; /* of another PID namespace */
	fd = syscall(SYS_pidfd_open, other.pid, 0);
	return fd < 0 ? -errno : (int)fd;
}

/* ---- its end ---- */

static bool ends_until(int process, uint64_t deadline_ns)
{
	struct pollfd end = { .fd = process, .events = POLLIN };

	for (;;) {
		uint64_t now_ns = clock_now_ns();
		int n = poll(&end, 1, now_ns < deadline_ns ? (int)((deadline_ns - now_ns) / NS_PER_MS) + 1 : 0);

		if (n > 0)
			return true;
		if (n == 0 && clock_now_ns() >= deadline_ns)
			return false;
		if (n < 0 && errno != EINTR)
			return false;
	}
}

bool uapi_process_ends(int process)
{
	return process >= 0 && ends_until(process, clock_now_ns() + FINISH_MS * NS_PER_MS);
}

/* Before Linux 5.3. */
static bool kill_by_number(pid_t pid, const char *name, const char *alias, uint64_t deadline_ns)
{
	const struct timespec step = { .tv_nsec = STEP_MS * (long)NS_PER_MS };

	for (; is_of(name, alias); nanosleep(&step, NULL)) {
		kill(pid, SIGKILL);
		if (clock_now_ns() >= deadline_ns)
			return false;
	}
	return true;
}

/* Looked at once it is held: its number is no other's from there on. */
static bool kill_one(pid_t pid, const char *name, const char *alias, uint64_t deadline_ns)
{
	int process = (int)syscall(SYS_pidfd_open, pid, 0);
	bool ended = true;

	if (process < 0)
		return errno == ESRCH || kill_by_number(pid, name, alias, deadline_ns);
	if (is_of(name, alias)) {
		(void)syscall(SYS_pidfd_send_signal, process, SIGKILL, NULL, 0);
		ended = ends_until(process, deadline_ns);
	}
	close(process);
	return ended;
}

bool uapi_process_kill(const char *alias)
{
	uint64_t deadline_ns = clock_now_ns() + KILLED_MS * NS_PER_MS;
	DIR *dir = opendir("/proc");
	const struct dirent *entry;
	bool ended = true;

	while (dir && (entry = readdir(dir)) != NULL) {
		uint64_t pid;

		if (text_uint(slice_of(entry->d_name), INT32_MAX, &pid) == 0 && is_of(entry->d_name, alias) &&
		    !kill_one((pid_t)pid, entry->d_name, alias, deadline_ns))
			ended = false;
	}
	if (dir)
		closedir(dir);
	return ended;
}

void uapi_process_finish(int process, int socket, const char *alias)
{
	struct pollfd end = { .fd = socket, .events = POLLRDHUP };

	if (process >= 0 ? !uapi_process_ends(process) : socket < 0 || poll(&end, 1, FINISH_MS) != 1)
		(void)uapi_process_kill(alias);
}

#include "base/log.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <syslog.h>
#include <unistd.h>

/* Linux Documentation/admin-guide/devices.txt: /dev/kmsg */
enum { KMSG_MAJOR = 1, KMSG_MINOR = 11, LINE_LEN = 900 };

static_assert((int)LINE_LEN < PIPE_BUF, "a line goes into a pipe whole");

static const char *who = "gateway";
static bool to_kmsg;
static int copy_fd = -1;

void log_open(const char *name)
{
	struct stat st;

	who = name;
	/* Who reads the log may go away; what writes it carries tunnels. */
	(void)signal(SIGPIPE, SIG_IGN);
	to_kmsg = !fstat(STDERR_FILENO, &st) && S_ISCHR(st.st_mode) && st.st_rdev == makedev(KMSG_MAJOR, KMSG_MINOR);
}

bool log_is_kernels(void)
{
	return to_kmsg;
}

void log_copy(int pipe_fd)
{
	if (copy_fd >= 0)
		close(copy_fd);
	copy_fd = -1;
	if (pipe_fd >= 0 && fcntl(pipe_fd, F_SETFL, O_NONBLOCK) < 0)
		close(pipe_fd);
	else
		copy_fd = pipe_fd;
}

/* What finds no room in it is lost there, and stands in the log all the same. */
static void copy_line(int level, const char *line, size_t len)
{
	char copy[LINE_LEN + 8];
	int n = snprintf(copy, sizeof(copy), "<%d>%.*s", LOG_DAEMON | level, (int)len, line);

	if (copy_fd >= 0 && n > 0 && (size_t)n < sizeof(copy) && write(copy_fd, copy, (size_t)n) < 0 && errno == EPIPE) {
		close(copy_fd);
		copy_fd = -1;
	}
}

/* A pipe that no one empties would hold the loop up. poll(2) says that it can be written to when it takes PIPE_BUF bytes,
 * which a line is shorter than. */
static bool can_take_a_line(void)
{
	struct pollfd out = { .fd = STDERR_FILENO, .events = POLLOUT };

	return to_kmsg || (poll(&out, 1, 0) == 1 && out.revents & POLLOUT);
}

/* One write per line: /dev/kmsg takes each write as one record, with its level in front as in dev-kmsg(4). */
__attribute__((format(printf, 2, 0))) static void log_line(int level, const char *fmt, va_list ap)
{
	static unsigned long lost; /* lines that no one took */
	char line[LINE_LEN];
	size_t len = 0;
	int n;

	if (to_kmsg)
		len = (size_t)snprintf(line, sizeof(line), "<%d>", LOG_DAEMON | level);
	n = snprintf(line + len, sizeof(line) - len, "%s: ", who);
	len += n > 0 ? (size_t)n : 0;
	if (lost)
		len += (size_t)snprintf(line + len, sizeof(line) - len, "(%lu line%s lost) ", lost,
					lost == 1 ? " before this one was" : "s before this one were");
	n = vsnprintf(line + len, sizeof(line) - len - 1, fmt, ap);
	len += n > 0 ? (size_t)n : 0;
	if (len > sizeof(line) - 2)
		len = sizeof(line) - 2;
	line[len++] = '\n';
	copy_line(level, line, len);
	if (can_take_a_line() && write(STDERR_FILENO, line, len) > 0)
		lost = 0;
	else
		lost++; /* there is no other place to say it */
}

void log_err(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_line(LOG_ERR, fmt, ap);
	va_end(ap);
}

void log_info(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_line(LOG_INFO, fmt, ap);
	va_end(ap);
}

void log_err_line(void *arg, const char *text)
{
	(void)arg;
	log_err("%s", text);
}

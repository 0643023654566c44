#include "console/news.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/kmsg.h"
#include "base/text.h"

/* A serial line carries some ten lines a second: so many at once, then one a second. */
enum { LOG_FD = STDERR_FILENO + 1, LINES_MAX = 10, KMSG_MAJOR = 1, KMSG_MINOR = 11 };

static int log_fd = -1;
static uint64_t due_ns;

void news_open(void)
{
	struct stat st;

	if (fstat(LOG_FD, &st) < 0 || !S_ISCHR(st.st_mode) || st.st_rdev != makedev(KMSG_MAJOR, KMSG_MINOR))
		return;
	(void)fcntl(LOG_FD, F_SETFD, FD_CLOEXEC);
	log_fd = LOG_FD;
}

int news_fd(void)
{
	return log_fd;
}

uint64_t news_due_ns(void)
{
	return due_ns;
}

/* By the clock as it is set now. */
static void print_time(uint64_t at_us)
{
	struct timespec since;
	char text[8] = "";
	time_t at;
	struct tm tm;

	(void)clock_gettime(CLOCK_MONOTONIC, &since);
	at = time(NULL) - since.tv_sec + (time_t)(at_us / 1000000);
	if (gmtime_r(&at, &tm))
		(void)strftime(text, sizeof(text), "%H:%M", &tm);
	printf("[%s] ", text);
}

/* The next one, false when there is none. */
static bool read_error(struct kmsg *kmsg)
{
	static char record[KMSG_RECORD_LEN];

	for (;;) {
		ssize_t n = read(log_fd, record, sizeof(record) - 1);

		/* EPIPE: the buffer was written over before we came; the oldest that is left is next. */
		if (n < 0 && (errno == EPIPE || errno == EINTR))
			continue;
		if (n <= 0)
			return false;
		record[n] = '\0';
		if (kmsg_parse(record, kmsg) && kmsg->level <= LOG_ERR)
			return true;
	}
}

void news_tell(struct line *line)
{
	struct kmsg kmsg;
	size_t count = 0;

	while (read_error(&kmsg)) {
		if (!count)
			line_hide(line);
		if (count++ >= LINES_MAX)
			continue;
		print_time(kmsg.at_us);
		printf("%s\n", kmsg.text);
		(void)fflush(stdout);
	}
	if (count > LINES_MAX)
		printf("%zu more line%s: `log`\n", count - LINES_MAX, text_plural(count - LINES_MAX));
	(void)fflush(stdout);
	if (count)
		line_draw(line);
	due_ns = clock_now_ns() + NS_PER_S * (count < LINES_MAX ? count : LINES_MAX);
}

#include "console/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/kmsg.h"
#include "base/text.h"
#include "console/log_filter.h"

enum { US_PER_S = 1000000 };

/* What a record says in one line, or false when there is nothing to say. The time is by the wall clock as it goes now, also of
 * what was said before someone set it. */
static bool line_of(char *record, char *line, size_t cap, uint64_t *age_s)
{
	struct timespec up;
	struct kmsg kmsg;
	char when[32] = "";
	struct tm tm;
	time_t at;

	if (!kmsg_parse(record, &kmsg))
		return false;
	clock_gettime(CLOCK_MONOTONIC, &up);
	*age_s = (uint64_t)up.tv_sec > kmsg.at_us / US_PER_S ? (uint64_t)up.tv_sec - kmsg.at_us / US_PER_S : 0;
	at = time(NULL) - (time_t)*age_s;
	if (gmtime_r(&at, &tm))
		(void)strftime(when, sizeof(when), "%m-%d %H:%M:%S", &tm);
	text_format(line, cap, "%s %s", when, kmsg.text);
	return true;
}

/* Calls each for the records that are asked for: how many those were, or -errno. */
static long walk(const struct log_filter *filter, void (*each)(const char *line, long number, long from), long from)
{
	char record[KMSG_RECORD_LEN], line[KMSG_RECORD_LEN];
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	long count = 0;
	uint64_t age_s;

	if (fd < 0)
		return -errno;
	for (;;) {
		ssize_t n = read(fd, record, sizeof(record) - 1);

		/* EPIPE: the buffer was written over while we read; the next one is there. */
		if (n < 0 && errno == EPIPE)
			continue;
		if (n <= 0)
			break;
		record[n] = '\0';
		if (line_of(record, line, sizeof(line), &age_s) && log_filter_takes(filter, line, age_s))
			each(line, count++, from);
	}
	close(fd);
	return count;
}

static void count_only(const char *line, long number, long from)
{
	(void)line;
	(void)number;
	(void)from;
}

static void print_from(const char *line, long number, long from)
{
	if (number >= from)
		puts(line);
}

int log_print(int argc, char **argv)
{
	struct log_filter filter;
	long count;

	if (!log_filter_read(&filter, argc, argv)) {
		printf("usage: log [TIME] [peer NAME] [WORD], TIME as 30m, 2h, 1d\n");
		return 2;
	}
	count = walk(&filter, count_only, 0);
	if (count < 0) {
		printf("the log cannot be read: %s\n", strerror((int)-count));
		return 1;
	}
	walk(&filter, print_from, count - LOG_LINES);
	return 0;
}

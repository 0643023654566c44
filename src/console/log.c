#include "console/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/kept.h"
#include "base/kmsg.h"
#include "base/text.h"
#include "console/log_filter.h"
#include "console/past.h"

enum { US_PER_S = 1000000 };

struct walk {
	const struct log_filter *filter;
	struct slice past; /* what the partition has */
	void (*each)(const char *line, long number, long from);
	long count, from;
};

/* text with its time, if it is asked for. */
static void take(struct walk *walk, time_t at, const char *text)
{
	char line[KMSG_RECORD_LEN], when[32] = "";
	time_t now = time(NULL);
	struct tm tm;

	if (gmtime_r(&at, &tm))
		(void)strftime(when, sizeof(when), "%m-%d %H:%M:%S", &tm);
	text_format(line, sizeof(line), "%s %s", when, text);
	if (log_filter_takes(walk->filter, line, now > at ? (uint64_t)(now - at) : 0))
		walk->each(line, walk->count++, walk->from);
}

/* What was said before this boot, and of this one what the kernel's buffer does not have any more. */
static void walk_past(struct walk *walk, uint64_t first_sequence)
{
	struct slice rest = walk->past;
	char id[KEPT_BOOT_ID_LEN + 1], text[KEPT_LINE_LEN];
	bool is_this = false;
	struct kept kept;

	kept_boot_id(id);
	while (kept_next(&rest, &kept)) {
		if (kept.is_boot)
			is_this = slice_equal(kept.text, id);
		if ((walk->filter->this_boot && !is_this) || (is_this && !kept.is_boot && kept.sequence >= first_sequence))
			continue;
		text_format(text, sizeof(text), "%.*s", SLICE_ARG(kept.text));
		take(walk, kept.at, kept.is_boot ? "---- a boot ----" : text);
	}
}

/* By the wall clock as it goes now, also of what was said before someone set it. */
static time_t time_of(uint64_t at_us)
{
	struct timespec up;

	clock_gettime(CLOCK_MONOTONIC, &up);
	return time(NULL) - up.tv_sec + (time_t)(at_us / US_PER_S);
}

/* Calls each for the lines that are asked for: how many those were, or -errno. */
static long walk_all(struct walk *walk)
{
	char record[KMSG_RECORD_LEN];
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	bool is_first = true;
	struct kmsg kmsg;

	if (fd < 0)
		return -errno;
	walk->count = 0;
	for (;;) {
		ssize_t n = read(fd, record, sizeof(record) - 1);

		/* EPIPE: the buffer was written over while we read; the next one is there. */
		if (n < 0 && errno == EPIPE)
			continue;
		if (n <= 0)
			break;
		record[n] = '\0';
		if (!kmsg_parse(record, &kmsg))
			continue;
		if (is_first)
			walk_past(walk, kmsg.sequence);
		is_first = false;
		take(walk, time_of(kmsg.at_us), kmsg.text);
	}
	close(fd);
	return walk->count;
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
	struct walk walk = { .each = count_only };
	struct log_filter filter;
	long count;
	int err;

	if (!log_filter_read(&filter, argc, argv)) {
		printf("usage: log [TIME | boot] [peer NAME] [WORD], TIME as 30m, 2h, 1d\n");
		return 2;
	}
	err = past_read(&walk.past);
	if (err == -EINTR)
		return 1;
	if (err < 0)
		printf("the partition does not tell what was before: %s\n", strerror(-err));
	walk.filter = &filter;
	count = walk_all(&walk);
	if (count < 0) {
		printf("the log cannot be read: %s\n", strerror((int)-count));
		return 1;
	}
	if (!count)
		printf("nothing of that is in the log\n");
	walk.each = print_from;
	walk.from = count - LOG_LINES;
	(void)walk_all(&walk);
	return 0;
}

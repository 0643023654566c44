#include "console/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/kmsg.h"
#include "base/text.h"

/* What a record says in one line, or false when there is nothing to say. */
static bool line_of(char *record, char *line, size_t cap)
{
	struct kmsg kmsg;

	if (!kmsg_parse(record, &kmsg))
		return false;
	text_format(line, cap, "[%5llu.%06llu] %s", (unsigned long long)kmsg.at_us / 1000000,
		    (unsigned long long)kmsg.at_us % 1000000, kmsg.text);
	return true;
}

/* Calls each for the records that hold word: how many those were, or -errno. */
static long walk(const char *word, void (*each)(const char *line, long number, long from), long from)
{
	char record[KMSG_RECORD_LEN], line[KMSG_RECORD_LEN];
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	long count = 0;

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
		if (line_of(record, line, sizeof(line)) && (!word || strstr(line, word)))
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

int log_print(const char *word)
{
	long count = walk(word, count_only, 0);

	if (count < 0) {
		printf("cannot read the log: %s\n", strerror((int)-count));
		return 1;
	}
	walk(word, print_from, count - LOG_LINES);
	return 0;
}

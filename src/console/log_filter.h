/* Which lines of the log are asked for: `log [TIME | boot] [peer NAME] [WORD]`. Pure. */
#ifndef CONSOLE_LOG_FILTER_H
#define CONSOLE_LOG_FILTER_H

#include <stdbool.h>
#include <stdint.h>

struct log_filter {
	bool this_boot;   /* nothing of those before */
	uint64_t span_s;  /* no older than that; 0: whenever */
	const char *peer; /* NULL: of whatever */
	const char *word; /* likewise; borrowed, both */
};

/* The words behind `log`. False for what cannot be meant. */
bool log_filter_read(struct log_filter *filter, int argc, char **argv);

/* text: the line with its time; age_s: how long ago it was. */
bool log_filter_takes(const struct log_filter *filter, const char *text, uint64_t age_s);

#endif

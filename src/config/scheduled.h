/* A change that waits for its time: the files as they were checked when it was asked for, and when that is; in memory (RUN/scheduled,
 * RUN/applied/scheduled) and, for the next boot, beside the generations on the partition. */
#ifndef CONFIG_SCHEDULED_H
#define CONFIG_SCHEDULED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conf/set.h"

enum { SCHEDULED_TIME_LEN = 32, SCHEDULED_SPAN_LEN = 32 };

enum scheduled_step {
	SCHEDULED_WAITS,
	SCHEDULED_BEGUN, /* by the process that has the lock */
	SCHEDULED_STEPS,
};

struct scheduled {
	int64_t at_s; /* CLOCK_REALTIME: what the clock on the wall says then counts */
	unsigned confirm_min; /* as struct owner has it */
	enum scheduled_step step;
};

/* "2026-11-28 14:00:00", "14:00:00"; "1 h 4 min". */
const char *scheduled_date(int64_t at_s, char dst[static SCHEDULED_TIME_LEN]);
const char *scheduled_clock(int64_t at_s, char dst[static SCHEDULED_TIME_LEN]);
const char *scheduled_span(int64_t seconds, char dst[static SCHEDULED_SPAN_LEN]);

/* In memory. */
bool scheduled_read(int run_fd, struct scheduled *scheduled);
int scheduled_write(int run_fd, const struct scheduled *scheduled); /* its second line is for `show`; 0 or -errno */
int scheduled_put(int run_fd, const struct scheduled *scheduled, const struct conf_set *set); /* its files too: 0 or -errno */
int scheduled_files(int run_fd);                                    /* a descriptor that the caller closes, or -errno */
void scheduled_remove(int run_fd);
bool scheduled_trusts_clock(int run_fd); /* false: nothing is applied by it before someone has set it */

/* In the directory of the generations: all of it over a power cut, or nothing; by one process at a time, which needs no other lock for it.
 * 0 or -errno. */
int scheduled_keep(int store_fd, const struct scheduled *scheduled, const struct conf_set *set);
int scheduled_begin(int store_fd, const struct scheduled *scheduled); /* no boot tries it again */
int scheduled_drop(int store_fd, const struct scheduled *scheduled);  /* another one that came since stays */
int scheduled_find(int store_fd, int run_fd);                           /* what is there, into memory; 0: or nothing is */
bool scheduled_is(int store_fd, const struct conf_set *set);            /* what is there has these files */

#endif

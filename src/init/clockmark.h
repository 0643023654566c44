/* The time that the persistent partition last saw: an empty file's time while the system runs; it says "stopped" once the
 * system was stopped in order. */
#ifndef INIT_CLOCKMARK_H
#define INIT_CLOCKMARK_H

#include <stdbool.h>
#include <stdint.h>

/* Seconds since 1970. */
struct clock_mark {
	bool known;
	bool stopped; /* nothing has used a later time since */
	int64_t at_s;
};

int clockmark_read(struct clock_mark *mark); /* 0, also when there is none; or -errno */

/* The present time is the mark: 0 or -errno. */
int clockmark_running(void);
int clockmark_stopped(void);

#endif

/* The wall clock never goes back over a reboot: peers drop a handshake whose TAI64N stamp (WireGuard paper 5.1) is not
 * above the last one they saw, so a lost clock battery would cut the appliance off. Nor does it leap far ahead: peers would
 * remember that time, and every right one after it would be too old to them. */
#ifndef INIT_CLOCKFLOOR_H
#define INIT_CLOCKFLOOR_H

#include <stddef.h>

#include "init/clockmark.h"

enum { CLOCKFLOOR_INTERVAL_S = 600, CLOCKFLOOR_AHEAD_MAX_S = 2 * 366 * 86400 };

enum { CLOCK_TEXT_LEN = 64 };

enum clock_verdict { CLOCK_TRUSTED, CLOCK_BEHIND, CLOCK_AHEAD };

/* What to think of a clock that says now_s; *set_s is the earliest time that peers bear, and what it is to be set to unless it is
 * trusted. built_s is when this
 * system was made, 0 when that is not known. */
enum clock_verdict clockfloor_judge(int64_t now_s, const struct clock_mark *mark, int64_t built_s, int64_t *set_s);

/* "2026-11-14 12:00:00 UTC": dst */
const char *clockfloor_text(int64_t s, char dst[static CLOCK_TEXT_LEN]);

/* Sets the clock right as clockfloor_judge says: 0 or -errno, with words. The mark is init/clockstep's to move, behind the one step
 * that the servers' time may ask for. */
int clockfloor_raise(char *words, size_t cap);

/* For child_call: marks the present time; the second is the last thing before the partition is unmounted. 0, or 1 on
 * failure. */
int clockfloor_keep(void);
int clockfloor_keep_stopped(void);

#endif

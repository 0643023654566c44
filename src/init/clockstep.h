/* The one time that the clock is stepped: once there is a network, before anything sends a stamp to a peer. */
#ifndef INIT_CLOCKSTEP_H
#define INIT_CLOCKSTEP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/loop.h"

/* Longer than the servers are given, and the paths start without it. */
enum { CLOCKSTEP_S = 6 };

enum clockstep {
	CLOCKSTEP_NONE,     /* it is right, or so near that it is slewed */
	CLOCKSTEP_TO,       /* to what the servers say */
	CLOCKSTEP_TO_FLOOR, /* they say less than peers bear: as near as those do */
	CLOCKSTEP_AT_FLOOR, /* the same, and it is there: it is slewed, as far as that goes */
	CLOCKSTEP_DISBELIEVED, /* what they say would not be believed of the machine's own clock, or is far ahead of one that is */
};

/* now_us is our clock, offset_us what is to be added to it by what servers say; all since 1970. floor_s: no peer remembers a later
 * stamp of ours; built_s: when this system was made, 0: not known; trusted: the machine's clock was (clockfloor_judge). *set_us is what
 * it is set to, for CLOCKSTEP_TO and _TO_FLOOR. */
enum clockstep clockstep_judge(int64_t now_us, int64_t offset_us, int64_t floor_s, int64_t built_s, bool trusted, int64_t *set_us);

/* A child asks, steps if it must, tells in BOOT_FILE, and marks the time as used; done is called when it has ended, or was killed as
 * it took CLOCKSTEP_S: from then on it is used. */
void clockstep_begin(struct loop *loop, void (*done)(uint64_t now_ns), uint64_t now_ns);
void clockstep_exited(pid_t pid, uint64_t now_ns); /* that one or another */

#endif

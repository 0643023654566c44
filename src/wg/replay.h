/* Which counters of a session were seen: a sliding window (RFC 6479) of 8192 bits. */
#ifndef WG_REPLAY_H
#define WG_REPLAY_H

#include <stdbool.h>
#include <stdint.h>

/* One word is always being filled, so the window that is sure is a word less than the bits: the kernel's figures. */
enum { REPLAY_BITS = 8192, REPLAY_WORD = 64, REPLAY_WINDOW = REPLAY_BITS - REPLAY_WORD };

struct replay {
	uint64_t next; /* one above the highest counter seen */
	uint64_t seen[REPLAY_BITS / REPLAY_WORD];
};

/* Looks only: a packet's counter is asked about after its tag, and marked once all else is right. */
bool replay_is_fresh(const struct replay *replay, uint64_t counter);
void replay_mark(struct replay *replay, uint64_t counter);

#endif

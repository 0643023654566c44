/* The timers of every peer (paper 6), and which is due first. */
#ifndef WG_TIMERS_H
#define WG_TIMERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"

/* Paper 6.1; jitter and the second handshake timeout as in the kernel. */
enum {
	REKEY_AFTER_TIME_S = 120,
	REJECT_AFTER_TIME_S = 180,
	REKEY_ATTEMPT_TIME_S = 90,
	REKEY_TIMEOUT_S = 5,
	REKEY_JITTER_MAX_MS = 333,
	KEEPALIVE_TIMEOUT_S = 10,
	REKEY_ATTEMPTS = REKEY_ATTEMPT_TIME_S / REKEY_TIMEOUT_S,
	ZERO_KEYS_AFTER_S = 3 * REJECT_AFTER_TIME_S,
	INITIATIONS_PER_S = 50, /* that are taken of one peer */
};

enum timer {
	TIMER_RETRANSMIT,    /* an initiation was not answered */
	TIMER_KEEPALIVE,     /* data came and nothing went back */
	TIMER_NEW_HANDSHAKE, /* data went and nothing came back */
	TIMER_ZERO_KEYS,
	TIMER_PERSISTENT, /* keepalive */
	TIMERS,
};

/* A heap of peers by armed_ns. That is never later than the earliest timer, and may be earlier: on the packet path a
 * timer that is put off or taken off costs one store, and the heap learns of it when the peer comes to its top. */
struct peer_timers {
	uint64_t due_ns[TIMERS]; /* WG_NEVER: off */
	uint64_t armed_ns;
	uint16_t place; /* in the heap; TIMER_NOWHERE */
};

enum { TIMER_NOWHERE = 0xffff };

struct timers {
	struct peer_timers *peers; /* both borrowed from the arena, one per peer */
	uint16_t *heap;
	uint16_t count;
};

void timers_add_peer(struct timers *timers, uint16_t peer);
void timers_remove_peer(struct timers *timers, uint16_t peer);
void timers_arm(struct timers *timers, uint16_t peer); /* of timer_set: the peer must come up earlier */

static inline void timer_set(struct timers *timers, uint16_t peer, enum timer timer, uint64_t due_ns)
{
	timers->peers[peer].due_ns[timer] = due_ns;
	if (due_ns < timers->peers[peer].armed_ns)
		timers_arm(timers, peer);
}

static inline void timer_clear(struct timers *timers, uint16_t peer, enum timer timer)
{
	timers->peers[peer].due_ns[timer] = UINT64_MAX;
}

static inline bool timer_is_set(const struct timers *timers, uint16_t peer, enum timer timer)
{
	return timers->peers[peer].due_ns[timer] != UINT64_MAX;
}

/* Takes off one timer that is due. False: none is. */
bool timers_take(struct timers *timers, uint64_t now_ns, uint16_t *peer, enum timer *timer);
uint64_t timers_next(struct timers *timers);

#endif

/* How many handshake messages one source (an IPv4 address, an IPv6 /64) may send while the device is under load. */
#ifndef WG_RATELIMIT_H
#define WG_RATELIMIT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/inet.h"

enum { RATELIMIT_PER_S = 20, RATELIMIT_BURST = 5, RATELIMIT_SETS = 1024, RATELIMIT_WAYS = 4 };

/* A token bucket, told by the time at which it is full again: once that is past, the slot is free for another. */
struct ratelimit_bucket {
	uint64_t source;
	uint64_t full_ns;
	uint8_t family;
};

struct ratelimit {
	uint8_t seed[16]; /* random: sources that share a set cannot be looked for */
	struct ratelimit_bucket buckets[RATELIMIT_SETS][RATELIMIT_WAYS];
};

/* Also false when the source's set is full of others. */
bool ratelimit_allow(struct ratelimit *limit, const struct inet_addr *source, uint64_t now_ns);

#endif

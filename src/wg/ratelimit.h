/* How many handshake messages one source (an IPv4 address, an IPv6 /64) may send in vain while the device is under load. */
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

/* A source pays for what led to nothing: whether it may try once more, and that it did in vain. 1,000 peers behind one address
 * all come back at once, since none of them pays (the kernel has each pay: 50 s); who sends anything but a peer's fresh
 * handshake from there stops the others, under load, as he does with the kernel. Also false when the source's set is full of
 * others. */
bool ratelimit_allows(struct ratelimit *limit, const struct inet_addr *source, uint64_t now_ns);
void ratelimit_charge(struct ratelimit *limit, const struct inet_addr *source, uint64_t now_ns);

#endif

/* Owns the path MTUs that ICMPv6 too big taught, each for ten minutes. Pure. */
#ifndef OUTER_PMTU_H
#define OUTER_PMTU_H

#include "base/inet.h"

enum { PMTU_MAX = 128 };

struct pmtu_entry {
	struct inet_addr to; /* family 0: free */
	uint32_t mtu_bytes;
	uint64_t learned_ns;
};

struct pmtu {
	struct pmtu_entry entries[PMTU_MAX];
};

/* Lowers the path MTU; what is not below what is known leaves it. A full table gives up its oldest entry. True when it
 * changed. Values below 1280, which every link must carry, are raised to it. */
bool pmtu_learn(struct pmtu *pmtu, const struct inet_addr *to, uint32_t mtu_bytes, uint64_t now_ns);
/* 0: nothing known. *until_ns is when the answer may change by age. */
uint32_t pmtu_get(struct pmtu *pmtu, const struct inet_addr *to, uint64_t now_ns, uint64_t *until_ns);

#endif

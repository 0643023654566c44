/* Owns what was found out about destinations: a few thousand, those not used for longest make room. */
#ifndef OUTER_WAYS_H
#define OUTER_WAYS_H

#include "outer/neighbour.h"
#include "outer/nic.h"

/* Good as long as it is of the present generation (of links, addresses, routes and path MTUs) and not too old. */
struct way {
	uint64_t generation; /* 0: the slot is free */
	uint64_t until_ns;
	uint64_t used_ns;
	struct inet_flow to; /* whatever its port */
	int err;             /* there is none; the rest counts when it is 0 */
	struct nic *nic;
	uint32_t mtu_bytes;
	struct neighbour *neighbour; /* as long as it has this id */
	uint32_t neighbour_id;
	ip_addr_t dst, src;
};

void ways_clear(void);
/* Of this destination, source and link, of whatever generation; NULL: not known. */
struct way *ways_find(const struct inet_flow *to);
/* Any of this destination, the one used last. */
struct way *ways_find_any(const struct inet_addr *to);
/* A slot for it, wiped. */
struct way *ways_take(const struct inet_flow *to);

#endif

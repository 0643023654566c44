/* Whether and how an address is reached from here: over a NIC that is the tunnel's alone, or as the kernel says. */
#ifndef GATEWAY_WAY_H
#define GATEWAY_WAY_H

#include "tunnel/tunnel.h"

/* From worst to best. */
enum way_state { WAY_NONE, WAY_NO_CARRIER, WAY_READY };

struct way {
	enum way_state state;
	/* As the tables say, of several next hops the smallest; 0 for WAY_NONE. What path-MTU discovery learned is not in it:
	 * anyone can send an ICMP that says too big. */
	uint32_t mtu_bytes;
};

/* link: the one read last, to save asking again; zeros at first. */
struct way way_find(const struct tunnel *tunnel, const struct inet_addr *addr, struct link *link);

#endif

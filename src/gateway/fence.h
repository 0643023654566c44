/* What is for the VPN network reaches a host that has the inner interface itself (no namespace of its own) through the
 * tunnel only. */
#ifndef GATEWAY_FENCE_H
#define GATEWAY_FENCE_H

#include <net/if.h>
#include <stdbool.h>

#include "base/inet.h"
#include "netlink/netlink.h"

/* All zero: there is none. */
struct fence {
	struct inet_prefix network; /* host bits clear */
	char device[IFNAMSIZ];
	bool put;
	bool demux_was_on;
	char trouble[160]; /* why it does not stand, "" when it does */
};

/* Around the network of address, whose tunnel is device; moved there when it was around another. What is wrong is
 * logged, once. host is a NETLINK_ROUTE socket of this process's namespace. */
void fence_put(struct fence *fence, struct nl *host, const struct inet_prefix *address, const char *device);
void fence_mend(struct fence *fence, struct nl *host); /* when someone may have changed the host's rules */
void fence_remove(struct fence *fence, struct nl *host);

#endif

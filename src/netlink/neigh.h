/* The kernel's neighbour table over rtnetlink(7): which MAC answers for an address on a link. As in link.h. */
#ifndef NETLINK_NEIGH_H
#define NETLINK_NEIGH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/inet.h"
#include "netlink/link.h"

struct neigh {
	uint32_t index; /* of the link */
	struct inet_addr addr;
	uint16_t state; /* NUD_*; NUD_NONE: there is no such entry (any more) */
	bool has_mac;
	uint8_t mac[LINK_MAC_LEN];
};

/* As link_read, for RTM_NEWNEIGH and RTM_DELNEIGH of IPv4 and IPv6; proxy entries are -ENOMSG too. */
int neigh_read(const struct nlmsghdr *message, struct neigh *neigh);

/* -ENOENT when there is none. Kernels before 5.0 answer dumps only: -EOPNOTSUPP. */
int neigh_get(struct nl *nl, uint32_t index, const struct inet_addr *addr, struct neigh *neigh);

typedef void neigh_fn(const struct neigh *neigh, void *arg);

/* Of both families and every link. */
int neigh_each(struct nl *nl, neigh_fn *each, void *arg);

/* What a packet to this neighbour does: the kernel finds it, or finds out whether it is still there. Not for one in state
 * NUD_PERMANENT: that would end. The result comes as messages of group RTMGRP_NEIGH. */
int neigh_use(struct nl *nl, uint32_t index, const struct inet_addr *addr);

#endif

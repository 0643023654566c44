/* Reads over rtnetlink what the outer side is to know of the kernel: Ethernet links and their addresses as a table, the way
 * to a destination as a question. */
#ifndef ENGINE_MIRROR_H
#define ENGINE_MIRROR_H

#include "netlink/link.h"
#include "netlink/netlink.h"
#include "outer/outer.h"
#include "tunnel/tunnel.h"

/* RTMGRP_* bits for nl_monitor_open: after any of these outer_refresh is due. */
extern const unsigned MIRROR_GROUPS;

struct mirror_options {
	const struct tunnel_nic *nics; /* what the kernel has on them does not count */
	size_t nic_count;
	const uint32_t *needed; /* indexes of links that a way leads over: they come first where there is no room for all */
	size_t needed_count;
};

/* What the host has more of than a table takes. */
struct mirror_full {
	bool links, addresses, routes;
};

/* 0, -ENOSPC when the table holds only a part of the links that have addresses, or of those, or of the routes of NICs that
 * are alone (*full says which), or -errno. nl is a NETLINK_ROUTE socket of the namespace the encrypted packets leave from; table
 * is large: static. */
int mirror_read(struct nl *nl, const struct mirror_options *options, struct outer_table *table, struct mirror_full *full);

/* outer_host's question, put to the kernel: its choice among routes, next hops and sources, and the route's own MTU. */
int mirror_ask(struct nl *nl, const struct inet_flow *to, struct outer_way *way);

#endif

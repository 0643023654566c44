/* Reads over rtnetlink what the outer side is to mirror of the kernel: Ethernet links, their addresses, the routes. */
#ifndef TUNNEL_MIRROR_H
#define TUNNEL_MIRROR_H

#include "netlink/link.h"
#include "netlink/netlink.h"
#include "outer/outer.h"

/* RTMGRP_* bits for nl_monitor_open: after any of these outer_refresh is due. */
extern const unsigned MIRROR_GROUPS;

/* A NIC that the dataplane has alone (network.conf: Unmanaged=yes): the kernel's addresses on it do not count. */
struct mirror_alone {
	const char *link;
	const struct inet_prefix *addresses;
	size_t address_count;
	struct inet_addr gateway4, gateway6; /* family 0: none */
};

/* 0, -ENOSPC when the table holds only a part (links and routes by lowest index and order of the dump), or -errno. nl is a
 * NETLINK_ROUTE socket of the namespace the encrypted packets leave from; table is large: static. */
int mirror_read(struct nl *nl, const struct mirror_alone *alone, size_t alone_count, struct outer_table *table);

#endif

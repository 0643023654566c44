/* Reads over rtnetlink what the outer side is to mirror of the kernel: Ethernet links, their addresses, the routes. */
#ifndef TUNNEL_MIRROR_H
#define TUNNEL_MIRROR_H

#include "netlink/link.h"
#include "netlink/netlink.h"
#include "outer/outer.h"
#include "tunnel/tunnel.h"

/* RTMGRP_* bits for nl_monitor_open: after any of these outer_refresh is due. */
extern const unsigned MIRROR_GROUPS;

/* What the kernel has on nics does not count. 0, -ENOSPC when the table holds only a part (links and routes by lowest index and
 * order of the dump), or -errno. nl is a NETLINK_ROUTE socket of the namespace the encrypted packets leave from; table is
 * large: static. */
int mirror_read(struct nl *nl, const struct tunnel_nic *nics, size_t nic_count, struct outer_table *table);

#endif

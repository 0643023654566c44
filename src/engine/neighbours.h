/* Asks the kernel for the next hops of the outer side, and tells it what the kernel says of them. */
#ifndef ENGINE_NEIGHBOURS_H
#define ENGINE_NEIGHBOURS_H

#include "engine/rights.h"
#include "netlink/netlink.h"
#include "outer/outer.h"

/* RTMGRP_* bits for nl_monitor_open. Apart from MIRROR_GROUPS: neighbours change all the time. */
extern const unsigned NEIGHBOURS_GROUPS;

/* outer_host's neighbour(): 0, or -errno, and it is lost as far as anyone knows. nl is a NETLINK_ROUTE socket of the namespace
 * that the encrypted packets leave from. To have the kernel look for one takes CAP_NET_ADMIN: rights may do it, NULL: nl's owner does. */
int neighbours_ask(struct nl *nl, const struct engine_rights *rights, struct outer_neighbour *neighbour);

/* What waits on the monitor goes to the outer side. */
void neighbours_read(int fd, uint64_t now_ns);

#endif

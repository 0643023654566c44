/* VLANs (IEEE 802.1Q) over rtnetlink(7); what one is, link_read tells. */
#ifndef NETLINK_VLAN_H
#define NETLINK_VLAN_H

#include "netlink/link.h"

/* On the link lower, with its MTU. -EEXIST when the name is taken, or the link has one of that id; -EOPNOTSUPP when the kernel
 * has no VLANs. */
int link_create_vlan(struct nl *nl, const char *name, uint32_t lower, uint16_t id);

#endif

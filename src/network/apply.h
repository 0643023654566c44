/* network.conf onto the NICs: match, compare, least change. */
#ifndef NETWORK_APPLY_H
#define NETWORK_APPLY_H

#include "conf/network.h"
#include "netlink/netlink.h"
#include "network/leases.h"
#include "network/nics_report.h"

/* Makes the devices that [NetDev] names, and takes away those it made that are named no more; then makes every NIC and device that
 * a [Match] fits have exactly what its section and its leases (NULL: there are none) say: bond, up, MTU, addresses, routes, VLANs. What is so already is not
 * touched; what the kernel has of it by other means is taken over; addresses the kernel learned by itself and routes of others
 * stay. NICs that no [Match] fits are left alone, but for those that one of before (NULL: none) fitted: they lose what it gave
 * them. Of two NICs with a route to the same place the one whose [Match] stands first is preferred. 0 or the -errno of the first
 * step that failed; the others are done all the same. */
int nics_apply(struct nl *nl, const struct network_conf *conf, const struct leases *leases, const struct network_conf *before,
	       struct nics_report *report);

#endif

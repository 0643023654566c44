/* network.conf onto the NICs: match, compare, least change. */
#ifndef NETWORK_NICS_H
#define NETWORK_NICS_H

#include "conf/network.h"
#include "netlink/link.h"
#include "network/nics_report.h"

enum { NICS_MAX = 64 };

/* The host's NICs: Ethernet links of hardware (in a container: into another namespace), not what software made on top. */
struct nics {
	struct link list[NICS_MAX];
	size_t count;
	/* What nics_match says of each. */
	struct nics_match {
		const struct network_nic *section; /* of the [Match] that fits it, NULL: none does */
		const struct link *taker;          /* the one of several that such a section's addresses and routes go to */
	} matches[NICS_MAX];
};

bool nics_is_nic(const struct link *link);
/* The first [Match] that fits, by /sys where it asks for a path; NULL: none. */
const struct network_nic *nics_section_of(const struct network_conf *conf, const struct link *link);
int nics_find(struct nl *nl, struct nics *nics);

/* Which section each NIC gets: 0 or -errno. Of several that one [Match] with addresses or routes fits, the one that has
 * carrier takes those; before another it is the one that has them, and without any carrier too. */
int nics_match(struct nl *nl, struct nics *nics, const struct network_conf *conf);

/* Makes every NIC that a [Match] fits have exactly what its section says: up, MTU, addresses, static routes. What is
 * so already is not touched; what the kernel has of it by other means is taken over; addresses the kernel learned by itself
 * and routes of others stay. NICs that no [Match]
 * fits are left alone, but for those that one of before (NULL: none) fitted: they lose what it gave them. Of two NICs
 * with a route to the same place the one whose [Match] stands first is preferred. 0 or the -errno of the first step
 * that failed; the others are done all the same. */
int nics_apply(struct nl *nl, const struct network_conf *conf, const struct network_conf *before,
	       struct nics_report *report);

#endif

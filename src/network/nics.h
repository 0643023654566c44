/* The NICs of this host, and which section of network.conf each gets. */
#ifndef NETWORK_NICS_H
#define NETWORK_NICS_H

#include "conf/network.h"
#include "netlink/link.h"

enum { NICS_MAX = 64 };

/* The alias of what [NetDev] made, by which it is known when the service starts again. */
#define NICS_ALIAS LINK_ALIAS_OURS NETWORK_FILE

/* The host's NICs: Ethernet links of hardware (in a container: into another namespace), and what network.conf made of them; not
 * what others made on top. */
struct nics {
	struct link list[NICS_MAX];
	size_t count;
	/* What nics_match says of each. */
	struct nics_match {
		const struct network_nic *section; /* of the [Match] that fits it, NULL: none does */
		const struct link *taker;          /* the one of several that such a section's addresses and routes go to */
	} matches[NICS_MAX];
};

bool nics_is_nic(const struct link *link);  /* of hardware */
bool nics_is_made(const struct link *link); /* by network.conf */
/* The first [Match] that fits, by /sys where it asks for a path; NULL: none. */
const struct network_nic *nics_section_of(const struct network_conf *conf, const struct link *link);
int nics_find(struct nl *nl, struct nics *nics);

/* Which section each NIC gets: 0 or -errno. Of several that one [Match] with addresses or routes fits, the one that has
 * carrier takes those; before another it is the one that has them, and without any carrier too. */
int nics_match(struct nl *nl, struct nics *nics, const struct network_conf *conf);

#endif

/* The leases of this host's NICs: what they add to what network.conf says of each, and as text. */
#ifndef NETWORK_LEASES_H
#define NETWORK_LEASES_H

#include "conf/network.h"
#include "network/lease.h"
#include "network/nics.h"

enum lease_family { LEASE_IPV4, LEASE_IPV6, LEASE_FAMILIES };
enum {
	LEASES_MAX = NICS_MAX,
	LEASES_HEAD_LEN = 64, /* of the line before each, at the most */
	LEASES_TEXT_MAX = LEASES_MAX * LEASE_FAMILIES * (LEASES_HEAD_LEN + LEASE_TEXT_MAX),
	LEASES_TUNNELS_MAX = 8,
};

struct leases {
	struct nic_leases {
		char nic[IFNAMSIZ];
		uint8_t mac[LINK_MAC_LEN]; /* its own: another NIC of that name has none of it */
		struct lease by[LEASE_FAMILIES];
		uint64_t until_ns[LEASE_FAMILIES]; /* of CLOCK_BOOTTIME: when it runs out; 0: not known, as of those that were read */
	} list[LEASES_MAX];
	size_t count;
	struct inet_prefix tunnels[LEASES_TUNNELS_MAX]; /* networks of VPNs on this host: no lease is to draw their packets out of them */
	size_t tunnel_count;
};

/* NULL: the NIC has none. */
const struct nic_leases *leases_of(const struct leases *leases, const struct link *link);
/* The same, made where there is none yet; NULL when there is no room. */
struct nic_leases *leases_put(struct leases *leases, const struct link *link);

/* Looks for the VPNs' interfaces on this host: 0 or -errno. vpn: a network that will have one here, which may not be up yet; NULL or of
 * family 0: none. */
int leases_find_tunnels(struct leases *leases, struct nl *nl, const struct inet_prefix *vpn);

/* Whether such a network is the VPN's, or a part of it, and so is left out: what is wider yields to the tunnel by itself. */
bool leases_is_tunnels(const struct leases *leases, const struct inet_prefix *network);
/* Whether an address is in one, however wide the network is that it came with: the kernel takes it for its own before all routes. */
bool leases_has_address(const struct leases *leases, const struct inet_addr *addr);

/* The section with what leases add: the address; routes to where none of its own goes. Borrowed until the next call. The routes of two
 * NICs never have the same metric, since the kernel takes the second one in place of the first. */
const struct network_nic *leases_onto(const struct leases *leases, const struct network_conf *conf, const struct nics *nics,
				      const struct link *link, const struct network_nic *section);

void leases_write(const struct leases *leases, struct text *to);
void leases_read(struct leases *leases, struct slice text); /* what makes no sense in it is left out */

#endif

/* Addresses that a network.conf is about to give this host, and another machine on the link has already: found before they are set, by
 * the probe of RFC 5227 (2.1.1). What is set already is conflict.h's. */
#ifndef NETWORK_CLAIMED_H
#define NETWORK_CLAIMED_H

#include "network/nics.h"

/* Three probes. An answer on a switched network takes milliseconds; of the seconds that the RFC gives it for the sake of hosts that
 * boot together, who types a change waits for half of one, and a boot for none: it sets what it is told, and conflict.h tells. */
enum { CLAIMED_MAX = 64, CLAIMED_PROBES = 3, CLAIMED_PROBE_MS = 150, CLAIMED_WAIT_MS = 500 };

struct claimed {
	struct claimed_address {
		uint32_t link;
		uint8_t mac[LINK_MAC_LEN], other[LINK_MAC_LEN];
		struct inet_addr address;
		bool taken;
	} list[CLAIMED_MAX];
	size_t count;
};

/* Leaves those that another machine has. Where none is to be set on a NIC with carrier, no one waits; what cannot be asked for is not
 * among them. */
void claimed_find(struct nl *nl, const struct network_conf *conf, struct claimed *claimed);
const struct claimed_address *claimed_by(const struct claimed *claimed, uint32_t link, const struct inet_addr *address); /* NULL: no one */

#endif

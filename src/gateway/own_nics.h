/* The NICs that network.conf gives to the dataplane alone (Unmanaged=yes), as a tunnel takes them. */
#ifndef GATEWAY_OWN_NICS_H
#define GATEWAY_OWN_NICS_H

#include "conf/network.h"
#include "tunnel/tunnel.h"

/* Unused bytes are zero: two can be compared as memory. */
struct own_nics {
	size_t count;
	struct tunnel_nic list[TUNNEL_NICS_MAX];
};

/* Those that are there now: 0 or -errno. More than TUNNEL_NICS_MAX are left out. */
int own_nics_find(struct own_nics *nics, struct nl *host, const struct network_conf *conf);

#endif

/* The NICs that network.conf gives to the dataplane alone (Unmanaged=yes), as a tunnel takes them. */
#ifndef GATEWAY_OWN_NICS_H
#define GATEWAY_OWN_NICS_H

#include "conf/network.h"
#include "tunnel/tunnel.h"

/* Those that were there when it was looked last. Zeros at first. */
struct own_nics {
	size_t count;
	struct tunnel_nic list[TUNNEL_NICS_MAX]; /* unused bytes are zero */
	int err; /* of that look: told once */
};

/* Looks again: true when they are others than before. More than TUNNEL_NICS_MAX are left out. */
bool own_nics_follow(struct own_nics *nics, struct nl *host, const struct network_conf *conf);

#endif

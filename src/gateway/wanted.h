/* From the conf model to what a tunnel is to be. */
#ifndef GATEWAY_WANTED_H
#define GATEWAY_WANTED_H

#include "gateway/profile.h"
#include "gateway/resolve.h"
#include "tunnel/tunnel.h"

/* Which address of a name that has several a peer is to have. */
struct wanted_pick {
	size_t (*index)(void *arg, const uint8_t public_key[static TUNNEL_KEY_LEN], const struct resolved_addrs *addrs);
	void *arg;
};

/* Our own section is left out; a name that is not resolved gives a peer without endpoint. pick may be
 * NULL: the first address. */
void wanted_build(struct tunnel_config *wanted, const struct profile *profile, const struct conf_set *set,
		  const struct resolver *resolver, const struct wanted_pick *pick);

#endif

/* From the conf model to what a tunnel is to be. */
#ifndef GATEWAY_WANTED_H
#define GATEWAY_WANTED_H

#include "gateway/profile.h"
#include "gateway/resolve.h"
#include "tunnel/tunnel.h"

/* Our own section is left out; a name that is not resolved gives a peer without endpoint. */
void wanted_build(struct tunnel_config *wanted, const struct profile *profile, const struct conf_set *set,
		  const struct resolver *resolver);

#endif

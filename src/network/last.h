/* Whether a network.conf would leave the host without any address. */
#ifndef NETWORK_LAST_H
#define NETWORK_LAST_H

#include "network/nics.h"

/* The NICs have addresses, and conf (before: what ran, NULL: nothing) takes all of them and gives none: true, with the
 * sentence. One that cannot be told is none. */
bool last_address_goes(struct nl *nl, const struct network_conf *conf, const struct network_conf *before, char *words,
		       size_t cap);

#endif

/* The peers of a path that do not answer: probed while they have not shaken hands, watched, and looked for elsewhere. */
#ifndef GATEWAY_SILENT_H
#define GATEWAY_SILENT_H

#include "gateway/path.h"

void silent_watch(struct path *path);     /* from now on, by path->watch_timer */
void silent_probe(struct path *path);     /* those that may be bothered again: a knock, then an echo request */
void silent_probe_all(struct path *path); /* without a knock: they send to a tunnel that is gone */

/* For struct wanted_pick: which of its name's addresses a peer has; arg is the path. */
size_t silent_pick(void *arg, const uint8_t public_key[static TUNNEL_KEY_LEN], const struct resolved_addrs *addrs);
/* A name has other addresses than the one that its peer has, to which no way leads. */
bool silent_address_is_due(const struct path *path);

#endif

/* Owns what the outer side is told of this host: links and addresses as a table that follows them, ways and neighbours as
 * answers. One per process, as there is one outer/. */
#ifndef ENGINE_UNDERLAY_H
#define ENGINE_UNDERLAY_H

#include "engine/rights.h"
#include "outer/outer.h"
#include "tunnel/tunnel.h"

/* Follows the host for the tunnel, whose trouble it tells: 0, or -errno and underlay_close is due. */
int underlay_open(struct tunnel *tunnel, const struct engine_rights *rights);
void underlay_close(struct tunnel *tunnel); /* also when not open */

/* The whole table to the outer side, which is open; whenever it changes that goes by itself. */
void underlay_read(uint64_t now_ns);

/* For struct outer_host. */
int underlay_ask(void *arg, const struct inet_flow *to, struct outer_way *way);
void underlay_neighbour(void *arg, struct outer_neighbour *neighbour);

#endif

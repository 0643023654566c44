/* Owns the answers of the mirrored table: which way to an address, and which address is ours. Pure. */
#ifndef OUTER_TABLE_H
#define OUTER_TABLE_H

#include "outer/outer.h"

struct outer_way {
	const struct outer_link *link; /* in the table */
	struct inet_addr next_hop;     /* the gateway, or the destination itself */
	struct inet_addr source;
	uint32_t mtu_bytes;            /* of link and route */
};

const struct outer_link *table_link(const struct outer_table *table, uint32_t index);
bool table_is_ours(const struct outer_table *table, const struct inet_addr *addr);

/* The longest prefix, then the lowest metric, then the first. local may be NULL, or is taken as source if it is ours.
 * scope_id: the link of a link-local IPv6 destination. 0, -ENETUNREACH, -EHOSTUNREACH for an address of our own. */
int table_way(const struct outer_table *table, const struct inet_addr *to, uint32_t scope_id,
	      const struct inet_addr *local, struct outer_way *way);

bool inet_addr_is_link_local(const struct inet_addr *addr); /* fe80::/10 */

#endif

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

/* The longest prefix, then the lowest metric, then the first. to->local is taken as source if it is ours and, for
 * IPv4, the way leads out by to->link (0: any). 0, -ENETUNREACH, -EHOSTUNREACH for an address of our own. */
int table_way(const struct outer_table *table, const struct inet_flow *to, struct outer_way *way);

#endif

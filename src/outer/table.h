/* Owns the host's links, addresses and routes as they were told last; which way leads to an address, between the links that
 * are alone and the host's own routing, and which address is ours. Pure, but for the first three. */
#ifndef OUTER_TABLE_H
#define OUTER_TABLE_H

#include "outer/host.h"

void table_take(const struct outer_table *table); /* copied */
void table_clear(void);
const struct outer_table *table_now(void);

/* Costs as much as is in from; what is beyond its limits is left out. */
void table_copy(struct outer_table *to, const struct outer_table *from);

const struct outer_link *table_link(const struct outer_table *table, uint32_t index);
bool table_is_ours(const struct outer_table *table, const struct inet_addr *addr);
bool table_is_ours_on(const struct outer_table *table, uint32_t link, const struct inet_addr *addr);
/* Of a network in which the link has an address of ours, or link-local. */
bool table_is_on_link(const struct outer_table *table, uint32_t link, const struct inet_addr *addr);

/* Over a link that is alone when its route is no wider than the host's, else as the host says. to->local is taken as source
 * if it is ours and, for IPv4, the way leads out by to->link (0: any). 0, -ENETUNREACH, -EHOSTUNREACH for an address of our
 * own, or what the host said. */
int table_way(const struct outer_table *table, const struct outer_host *host, const struct inet_flow *to,
	      struct outer_way *way);

#endif

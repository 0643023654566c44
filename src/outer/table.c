#include "outer/table.h"

#include <errno.h>

const struct outer_link *table_link(const struct outer_table *table, uint32_t index)
{
	for (size_t i = 0; i < table->link_count; i++)
		if (table->links[i].index == index)
			return &table->links[i];
	return NULL;
}

bool table_is_ours(const struct outer_table *table, const struct inet_addr *addr)
{
	for (size_t i = 0; i < table->address_count; i++)
		if (inet_addr_equal(&table->addresses[i].prefix.addr, addr))
			return true;
	return false;
}

static const struct outer_route *find_route(const struct outer_table *table, const struct inet_addr *to)
{
	const struct outer_route *best = NULL;

	for (size_t i = 0; i < table->route_count; i++) {
		const struct outer_route *route = &table->routes[i];

		if (best && (route->destination.len < best->destination.len ||
			     (route->destination.len == best->destination.len && route->metric >= best->metric)))
			continue;
		if (inet_contains(&route->destination, to))
			best = route;
	}
	return best;
}

/* As the kernel: an address of the link whose network holds the next hop, else the first of the link, else the first
 * of any; link-local ones serve link-local destinations only, if there is another. */
static bool choose_source(const struct outer_table *table, uint32_t index, const struct inet_addr *to,
			  const struct inet_addr *next_hop, struct inet_addr *source)
{
	enum { NONE, SCOPED, ANY, LINK, NETWORK };
	int best = NONE, rank;

	for (size_t i = 0; i < table->address_count; i++) {
		const struct outer_address *address = &table->addresses[i];
		const struct inet_addr *addr = &address->prefix.addr;

		if (addr->family != to->family)
			continue;
		if (inet_addr_is_link_local(addr) != inet_addr_is_link_local(to))
			rank = address->index == index ? SCOPED : NONE;
		else if (address->index != index)
			rank = inet_addr_is_link_local(addr) ? NONE : ANY;
		else
			rank = inet_contains(&address->prefix, next_hop) ? NETWORK : LINK;
		if (rank > best) {
			best = rank;
			*source = *addr;
		}
	}
	return best != NONE;
}

static bool may_be_source(const struct outer_table *table, const struct inet_addr *source, const struct inet_addr *to)
{
	return source->family == to->family && table_is_ours(table, source);
}

int table_way(const struct outer_table *table, const struct inet_flow *flow, struct outer_way *way)
{
	const struct inet_addr *to = &flow->remote.addr;
	const struct outer_route *route = NULL;

	if (table_is_ours(table, to))
		return -EHOSTUNREACH;
	if (inet_addr_is_link_local(to)) {
		way->link = table_link(table, flow->remote.scope_id);
		way->next_hop = *to;
	} else {
		route = find_route(table, to);
		if (!route)
			return -ENETUNREACH;
		way->link = table_link(table, route->index);
		way->next_hop = route->gateway.family ? route->gateway : *to;
	}
	/* An IPv4 route by an IPv6 gateway (RTA_VIA) is no way for lwIP. */
	if (!way->link || way->next_hop.family != to->family)
		return -ENETUNREACH;
	way->mtu_bytes = way->link->mtu_bytes;
	if (route && route->mtu_bytes && route->mtu_bytes < way->mtu_bytes)
		way->mtu_bytes = route->mtu_bytes;
	/* As the kernel's WireGuard: who was written to answers, but IPv4 not out of another door. */
	if ((to->family == AF_INET6 || !flow->link || flow->link == way->link->index) && may_be_source(table, &flow->local, to))
		way->source = flow->local;
	else if (route && may_be_source(table, &route->source, to))
		way->source = route->source;
	else if (!choose_source(table, way->link->index, to, &way->next_hop, &way->source))
		return -ENETUNREACH;
	return 0;
}

#include "outer/table.h"

#include <errno.h>
#include <string.h>

static struct outer_table now;

static size_t at_most(size_t count, size_t max)
{
	return count < max ? count : max;
}

void table_copy(struct outer_table *to, const struct outer_table *from)
{
	to->link_count = at_most(from->link_count, OUTER_LINK_MAX);
	to->address_count = at_most(from->address_count, OUTER_ADDRESS_MAX);
	to->route_count = at_most(from->route_count, OUTER_ROUTE_MAX);
	memcpy(to->links, from->links, to->link_count * sizeof(to->links[0]));
	memcpy(to->addresses, from->addresses, to->address_count * sizeof(to->addresses[0]));
	memcpy(to->routes, from->routes, to->route_count * sizeof(to->routes[0]));
}

void table_take(const struct outer_table *table)
{
	table_copy(&now, table);
}

void table_clear(void)
{
	now.link_count = now.address_count = now.route_count = 0;
}

const struct outer_table *table_now(void)
{
	return &now;
}

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

bool table_is_ours_on(const struct outer_table *table, uint32_t link, const struct inet_addr *addr)
{
	for (size_t i = 0; i < table->address_count; i++)
		if (table->addresses[i].index == link && inet_addr_equal(&table->addresses[i].prefix.addr, addr))
			return true;
	return false;
}

bool table_is_on_link(const struct outer_table *table, uint32_t link, const struct inet_addr *addr)
{
	for (size_t i = 0; i < table->address_count; i++)
		if (table->addresses[i].index == link && inet_contains(&table->addresses[i].prefix, addr))
			return true;
	return inet_addr_is_link_local(addr);
}

static const struct outer_route *find_route(const struct outer_table *table, const struct inet_addr *to)
{
	const struct outer_route *best = NULL;

	for (size_t i = 0; i < table->route_count; i++) {
		const struct outer_route *route = &table->routes[i];

		if ((!best || route->destination.len > best->destination.len) && inet_contains(&route->destination, to))
			best = route;
	}
	return best;
}

/* An address of the link whose network holds the next hop, else the first of the link; link-local ones serve link-local
 * destinations only, if there is another. */
static struct inet_addr choose_source(const struct outer_table *table, uint32_t index, const struct inet_addr *to,
				      const struct inet_addr *next_hop)
{
	enum { NONE, SCOPED, LINK, NETWORK };
	struct inet_addr source = { 0 };
	int best = NONE, rank;

	for (size_t i = 0; i < table->address_count; i++) {
		const struct outer_address *address = &table->addresses[i];
		const struct inet_addr *addr = &address->prefix.addr;

		if (addr->family != to->family || address->index != index)
			continue;
		if (inet_addr_is_link_local(addr) != inet_addr_is_link_local(to))
			rank = SCOPED;
		else
			rank = inet_contains(&address->prefix, next_hop) ? NETWORK : LINK;
		if (rank > best) {
			best = rank;
			source = *addr;
		}
	}
	return source;
}

/* The way over a link that is alone: false when none leads there. */
static bool own_way(const struct outer_table *table, const struct inet_endpoint *to, struct outer_way *way)
{
	const struct outer_link *link = table_link(table, to->scope_id);
	const struct outer_route *route;

	if (inet_addr_is_link_local(&to->addr)) {
		if (!link || !link->alone)
			return false;
		*way = (struct outer_way){ .link = link->index, .next_hop = to->addr, .prefix_len = inet_bits(AF_INET6) };
	} else {
		route = find_route(table, &to->addr);
		if (!route)
			return false;
		*way = (struct outer_way){ .link = route->index,
					   .next_hop = route->gateway.family ? route->gateway : to->addr,
					   .mtu_bytes = route->mtu_bytes,
					   .prefix_len = route->destination.len };
	}
	way->source = choose_source(table, way->link, &to->addr, &way->next_hop);
	return true;
}

static int ask(const struct outer_table *table, const struct outer_host *host, const struct inet_flow *to,
	       struct outer_way *way)
{
	struct outer_way own;
	bool has_own = own_way(table, &to->remote, &own);
	int err = host->ask ? host->ask(host->arg, to, way) : -ENETUNREACH;

	if (has_own && err != -EHOSTUNREACH && (err < 0 || own.prefix_len >= way->prefix_len)) {
		*way = own;
		return 0;
	}
	return err;
}

int table_way(const struct outer_table *table, const struct outer_host *host, const struct inet_flow *to,
	      struct outer_way *way)
{
	struct inet_flow question = *to;
	int err;

	if (table_is_ours(table, &to->remote.addr))
		return -EHOSTUNREACH;
	if (inet_addr_is_link_local(&to->remote.addr) && !to->remote.scope_id)
		return -ENETUNREACH; /* which link? */
	if (to->local.family != to->remote.addr.family || !table_is_ours(table, &to->local))
		question.local = (struct inet_addr){ 0 };
	err = ask(table, host, &question, way);
	/* As the kernel's WireGuard: who was written to answers, but IPv4 not out of another door. */
	if (question.local.family == AF_INET && to->link && (err < 0 || to->link != way->link)) {
		question.local = (struct inet_addr){ 0 };
		err = ask(table, host, &question, way);
	}
	if (err < 0)
		return err;
	if (question.local.family)
		way->source = question.local;
	/* The next hop may be of the other family: an IPv4 route by an IPv6 gateway (RTA_VIA, RFC 5549). */
	return table_link(table, way->link) && way->source.family ? 0 : -ENETUNREACH;
}

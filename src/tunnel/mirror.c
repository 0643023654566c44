#include "tunnel/mirror.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/if_arp.h>
#include <linux/rtnetlink.h>
#include <string.h>

const unsigned MIRROR_GROUPS = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR | RTMGRP_IPV4_ROUTE |
			       RTMGRP_IPV6_ROUTE;

enum { CANDIDATE_MAX = 256 };

/* Links are gathered first, since addresses and routes tell which of them matter. */
struct candidate {
	struct outer_link link;
	const struct mirror_alone *alone; /* NULL: the kernel's too */
	bool wanted;
};

struct reading {
	const struct mirror_alone *alone;
	size_t alone_count;
	struct outer_table *table;
	struct candidate candidates[CANDIDATE_MAX];
	size_t candidate_count;
	bool full;
};

static struct candidate *find(struct reading *reading, uint32_t index)
{
	for (size_t i = 0; i < reading->candidate_count; i++)
		if (reading->candidates[i].link.index == index)
			return &reading->candidates[i];
	return NULL;
}

static void on_link(const struct link *link, void *arg)
{
	struct reading *reading = arg;
	struct candidate *candidate;

	if (!link->up || link->type != ARPHRD_ETHER || !link->has_mac || find(reading, link->index))
		return;
	if (reading->candidate_count == CANDIDATE_MAX) {
		reading->full = true;
		return;
	}
	candidate = &reading->candidates[reading->candidate_count++];
	*candidate = (struct candidate){ .link = { .index = link->index, .mtu_bytes = link->mtu_bytes } };
	memcpy(candidate->link.mac, link->mac, OUTER_MAC_LEN);
	for (size_t i = 0; i < reading->alone_count; i++)
		if (strcmp(reading->alone[i].link, link->name) == 0)
			candidate->alone = &reading->alone[i];
	candidate->link.alone = candidate->wanted = candidate->alone != NULL;
}

static void put_address(struct reading *reading, uint32_t index, const struct inet_prefix *prefix)
{
	struct outer_table *table = reading->table;

	for (size_t i = 0; i < table->address_count; i++)
		if (table->addresses[i].index == index && inet_prefix_equal(&table->addresses[i].prefix, prefix))
			return;
	if (table->address_count == OUTER_ADDRESS_MAX)
		reading->full = true;
	else
		table->addresses[table->address_count++] = (struct outer_address){ index, *prefix };
}

static bool is_link_local(const struct inet_addr *addr)
{
	return addr->family == AF_INET6 && addr->bytes[0] == 0xfe && (addr->bytes[1] & 0xc0) == 0x80;
}

static void on_address(const struct link_address *address, void *arg)
{
	struct reading *reading = arg;
	struct candidate *candidate = find(reading, address->index);

	/* A tentative address is not ours yet; the kernel tells when it is. */
	if (!candidate || candidate->alone || address->flags & (IFA_F_TENTATIVE | IFA_F_DADFAILED))
		return;
	/* A link that has but its link-local address (a bridge's port, a container's end) carries nothing of ours,
	 * unless a route goes there. */
	if (!is_link_local(&address->prefix.addr))
		candidate->wanted = true;
	put_address(reading, address->index, &address->prefix);
}

static void put_route(struct reading *reading, const struct outer_route *route)
{
	struct outer_table *table = reading->table;
	struct candidate *candidate = find(reading, route->index);

	if (candidate && route->gateway.family)
		candidate->wanted = true;
	if (table->route_count == OUTER_ROUTE_MAX)
		reading->full = true;
	else
		table->routes[table->route_count++] = *route;
}

static void on_route(const struct link_route *route, void *arg)
{
	struct reading *reading = arg;
	const struct candidate *candidate = find(reading, route->index);
	struct outer_route to = {
		.destination = route->destination,
		.gateway = route->gateway,
		.source = route->source,
		.index = route->index,
		.metric = route->metric,
		.mtu_bytes = route->mtu_bytes,
	};

	if ((candidate && candidate->alone) || is_link_local(&route->destination.addr))
		return;
	put_route(reading, &to);
}

static void put_gateway(struct reading *reading, uint32_t index, const struct inet_addr *gateway)
{
	struct outer_route route = { .gateway = *gateway, .index = index };

	route.destination.addr.family = gateway->family;
	if (gateway->family)
		put_route(reading, &route);
}

/* A link of its own: its networks are on it, its gateways lead everywhere. */
static void put_alone(struct reading *reading, const struct candidate *candidate)
{
	const struct mirror_alone *alone = candidate->alone;
	uint32_t index = candidate->link.index;

	for (size_t i = 0; i < alone->address_count; i++) {
		struct outer_route route = { .destination = alone->addresses[i], .index = index };

		put_address(reading, index, &alone->addresses[i]);
		route.destination.addr = inet_prefix_first(&alone->addresses[i]);
		put_route(reading, &route);
	}
	put_gateway(reading, index, &alone->gateway4);
	put_gateway(reading, index, &alone->gateway6);
}

static void put_links(struct reading *reading)
{
	struct outer_table *table = reading->table;

	for (size_t i = 0; i < reading->candidate_count; i++) {
		const struct candidate *candidate = &reading->candidates[i];

		if (!candidate->wanted)
			continue;
		if (table->link_count == OUTER_LINK_MAX)
			reading->full = true;
		else
			table->links[table->link_count++] = candidate->link;
	}
}

int mirror_read(struct nl *nl, const struct mirror_alone *alone, size_t alone_count, struct outer_table *table)
{
	static struct reading reading;
	int err;

	memset(table, 0, sizeof(*table));
	reading = (struct reading){ .alone = alone, .alone_count = alone_count, .table = table };
	err = link_each(nl, on_link, &reading);
	for (size_t i = 0; !err && i < reading.candidate_count; i++)
		if (reading.candidates[i].alone)
			put_alone(&reading, &reading.candidates[i]);
	if (!err)
		err = link_address_each(nl, 0, on_address, &reading);
	if (!err)
		err = link_route_each(nl, on_route, &reading);
	if (err < 0)
		return err;
	put_links(&reading);
	return reading.full ? -ENOSPC : 0;
}

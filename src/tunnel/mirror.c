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
	const struct tunnel_nic *alone; /* NULL: the kernel's too */
	bool wanted;
};

struct reading {
	const struct tunnel_nic *nics;
	size_t nic_count;
	struct outer_table *table;
	bool link_local; /* the addresses at hand */
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
	for (size_t i = 0; i < reading->nic_count; i++)
		if (strcmp(reading->nics[i].link, link->name) == 0)
			candidate->alone = &reading->nics[i];
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

static void on_address(const struct link_address *address, void *arg)
{
	struct reading *reading = arg;
	struct candidate *candidate = find(reading, address->index);

	/* A tentative address is not ours yet; the kernel tells when it is. */
	if (!candidate || candidate->alone || address->flags & (IFA_F_TENTATIVE | IFA_F_DADFAILED) ||
	    inet_addr_is_link_local(&address->prefix.addr) != reading->link_local)
		return;
	/* A link that has but its link-local address (a bridge's port, a container's end) carries nothing of ours,
	 * unless a route goes there. */
	if (!reading->link_local)
		candidate->wanted = true;
	if (candidate->wanted)
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

	if ((candidate && candidate->alone) || inet_addr_is_link_local(&route->destination.addr))
		return;
	put_route(reading, &to);
}

static void put_alone(struct reading *reading, const struct candidate *candidate)
{
	const struct tunnel_nic *nic = candidate->alone;
	uint32_t index = candidate->link.index;

	for (size_t i = 0; i < nic->address_count; i++) {
		struct outer_route on_link = { .destination = nic->addresses[i], .index = index };

		put_address(reading, index, &nic->addresses[i]);
		on_link.destination.addr = inet_prefix_first(&nic->addresses[i]);
		put_route(reading, &on_link);
	}
	for (size_t i = 0; i < nic->route_count; i++) {
		const struct outer_route route = { .destination = nic->routes[i].destination,
						   .gateway = nic->routes[i].gateway,
						   .index = index };

		put_route(reading, &route);
	}
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

int mirror_read(struct nl *nl, const struct tunnel_nic *nics, size_t nic_count, struct outer_table *table)
{
	static struct reading reading;
	int err;

	memset(table, 0, sizeof(*table));
	reading = (struct reading){ .nics = nics, .nic_count = nic_count, .table = table };
	err = link_each(nl, on_link, &reading);
	for (size_t i = 0; !err && i < reading.candidate_count; i++)
		if (reading.candidates[i].alone)
			put_alone(&reading, &reading.candidates[i]);
	if (!err)
		err = link_address_each(nl, 0, on_address, &reading);
	if (!err)
		err = link_route_each(nl, on_route, &reading);
	reading.link_local = true;
	if (!err)
		err = link_address_each(nl, 0, on_address, &reading);
	if (err < 0)
		return err;
	put_links(&reading);
	return reading.full ? -ENOSPC : 0;
}

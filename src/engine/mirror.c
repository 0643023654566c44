#include "engine/mirror.h"

#include <assert.h>
#include <errno.h>
#include <linux/if_addr.h>
#include <linux/if_arp.h>
#include <linux/rtnetlink.h>
#include <string.h>

const unsigned MIRROR_GROUPS = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR | RTMGRP_IPV4_ROUTE |
			       RTMGRP_IPV6_ROUTE | RTMGRP_IPV6_IFINFO;

enum { CANDIDATE_MAX = 256 };

static_assert((int)TUNNEL_NICS_MAX <= (int)OUTER_LINK_MAX && TUNNEL_NICS_MAX * TUNNEL_NIC_ADDRESSES <= (int)OUTER_ADDRESS_MAX &&
	      TUNNEL_NICS_MAX * TUNNEL_NIC_ROUTES <= (int)OUTER_ROUTE_MAX, "NICs that are alone fit with all that they have");

/* The more of it, the more a link matters where there is no room for all. */
enum wanted { UNWANTED, MAY_LEAD, HAS_ADDRESS, NEEDED };

/* Links are gathered first, since addresses tell which of them matter. */
struct candidate {
	struct outer_link link;
	const struct tunnel_nic *alone; /* NULL: the kernel's too */
	bool is_port; /* of a bridge or bond */
	bool taken;
	enum wanted wanted;
};

struct reading {
	const struct mirror_options *options;
	struct outer_table *table;
	struct candidate candidates[CANDIDATE_MAX];
	size_t candidate_count;
	struct mirror_full full;
};

static struct candidate *find(struct reading *reading, uint32_t index)
{
	for (size_t i = 0; i < reading->candidate_count; i++)
		if (reading->candidates[i].link.index == index)
			return &reading->candidates[i];
	return NULL;
}

static bool is_needed(const struct mirror_options *options, uint32_t index)
{
	for (size_t i = 0; i < options->needed_count; i++)
		if (options->needed[i] == index)
			return true;
	return false;
}

static void on_link(const struct link *link, void *arg)
{
	struct reading *reading = arg;
	const struct mirror_options *options = reading->options;
	struct candidate *candidate;

	/* What comes in by a bond's port is the bond's, and would be seen twice. */
	if (!link->up || link->type != ARPHRD_ETHER || !link->has_mac || link->is_bond_port)
		return;
	if (reading->candidate_count == CANDIDATE_MAX) {
		reading->full.links = true;
		return;
	}
	candidate = &reading->candidates[reading->candidate_count++];
	*candidate = (struct candidate){ .link = { .index = link->index,
						   .mtu_bytes = link->mtu_bytes,
						   .mtu6_bytes = link->mtu6_bytes } };
	memcpy(candidate->link.mac, link->mac, OUTER_MAC_LEN);
	for (size_t i = 0; i < options->nic_count; i++)
		if (strcmp(options->nics[i].link, link->name) == 0)
			candidate->alone = &options->nics[i];
	candidate->link.alone = candidate->alone != NULL;
	candidate->is_port = link->master;
	if (candidate->alone || is_needed(options, link->index))
		candidate->wanted = NEEDED;
}

static void put_address(struct reading *reading, uint32_t index, const struct inet_prefix *prefix)
{
	struct outer_table *table = reading->table;

	if (table->address_count == OUTER_ADDRESS_MAX)
		reading->full.addresses = true;
	else
		table->addresses[table->address_count++] = (struct outer_address){ index, *prefix };
}

static void put_route(struct reading *reading, const struct outer_route *route)
{
	struct outer_table *table = reading->table;

	if (table->route_count == OUTER_ROUTE_MAX)
		reading->full.routes = true;
	else
		table->routes[table->route_count++] = *route;
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
						   .index = index,
						   .mtu_bytes = nic->routes[i].mtu_bytes };

		put_route(reading, &route);
	}
}

static void see_address(const struct link_address *address, void *arg)
{
	struct candidate *candidate = find(arg, address->index);
	/* One that has but its link-local address may be all that leads out; the port of a bridge never does. */
	enum wanted wanted = !inet_addr_is_link_local(&address->prefix.addr) ? HAS_ADDRESS : MAY_LEAD;

	if (candidate && candidate->wanted < wanted && !(wanted == MAY_LEAD && candidate->is_port))
		candidate->wanted = wanted;
}

static void take_address(const struct link_address *address, void *arg)
{
	struct reading *reading = arg;
	const struct candidate *candidate = find(reading, address->index);

	/* A tentative address is not ours yet; the kernel tells when it is. */
	if (candidate && candidate->taken && !candidate->alone &&
	    !(address->flags & (IFA_F_TENTATIVE | IFA_F_DADFAILED)))
		put_address(reading, address->index, &address->prefix);
}

/* Each kind whole before the next: those that merely may lead somewhere take what room is left. */
static void put_links(struct reading *reading)
{
	struct outer_table *table = reading->table;

	for (enum wanted wanted = NEEDED; wanted > UNWANTED; wanted--) {
		for (size_t i = 0; i < reading->candidate_count; i++) {
			struct candidate *candidate = &reading->candidates[i];

			if (candidate->wanted != wanted)
				continue;
			candidate->taken = table->link_count < OUTER_LINK_MAX;
			if (candidate->taken)
				table->links[table->link_count++] = candidate->link;
			else if (wanted > MAY_LEAD)
				reading->full.links = true;
		}
	}
}

int mirror_read(struct nl *nl, const struct mirror_options *options, struct outer_table *table, struct mirror_full *full)
{
	static struct reading reading;
	int err;

	table->link_count = table->address_count = table->route_count = 0;
	reading = (struct reading){ .options = options, .table = table };
	err = link_each(nl, on_link, &reading);
	if (!err)
		err = link_address_each(nl, 0, see_address, &reading);
	if (err < 0)
		return err;
	put_links(&reading);
	for (size_t i = 0; i < reading.candidate_count; i++)
		if (reading.candidates[i].alone && reading.candidates[i].taken)
			put_alone(&reading, &reading.candidates[i]);
	err = link_address_each(nl, 0, take_address, &reading);
	*full = reading.full;
	return err ? err : full->links || full->addresses || full->routes ? -ENOSPC : 0;
}

static void take_match(const struct link_route *route, void *arg)
{
	struct outer_way *way = arg;

	way->mtu_bytes = route->mtu_bytes;
	way->prefix_len = route->destination.len;
}

int mirror_ask(struct nl *nl, const struct inet_flow *to, struct outer_way *way)
{
	struct link_route route;
	int err = link_route_get(nl, to, &route);

	/* For who asks that word means an address of our own, not a route to nowhere. */
	if (err < 0)
		return err == -EHOSTUNREACH ? -ENETUNREACH : err;
	if (route.type == RTN_LOCAL)
		return -EHOSTUNREACH;
	if (route.type != RTN_UNICAST)
		return -ENETUNREACH;
	*way = (struct outer_way){ .link = route.index,
				   .next_hop = route.gateway.family ? route.gateway : to->remote.addr,
				   .source = route.source };
	return link_route_match(nl, to, take_match, way);
}

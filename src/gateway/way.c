#include "gateway/way.h"

enum { HOPS_MAX = 64 };

/* The MTU on the tunnel's own NIC that leads to addr, 0 when none does, and how narrow the network is that says so. */
static uint32_t own_mtu(const struct tunnel *tunnel, const struct inet_addr *addr, int *len)
{
	uint32_t mtu_bytes = 0;

	*len = -1;
	for (size_t i = 0; i < tunnel->nic_count; i++) {
		const struct tunnel_nic *nic = &tunnel->nics[i];

		for (size_t j = 0; j < nic->address_count + nic->route_count; j++) {
			const struct tunnel_nic_route *route =
				j < nic->address_count ? NULL : &nic->routes[j - nic->address_count];
			const struct inet_prefix *network = route ? &route->destination : &nic->addresses[j];

			if (network->len <= *len || !inet_contains(network, addr))
				continue;
			mtu_bytes = route && route->mtu_bytes && route->mtu_bytes < nic->mtu_bytes ? route->mtu_bytes :
												    nic->mtu_bytes;
			*len = network->len;
		}
	}
	return mtu_bytes;
}

static void way_add(struct way *way, enum way_state state, uint32_t mtu_bytes)
{
	if (state > way->state)
		way->state = state;
	if (!way->mtu_bytes || mtu_bytes < way->mtu_bytes)
		way->mtu_bytes = mtu_bytes;
}

struct hops {
	struct link_route list[HOPS_MAX];
	size_t count;
};

static void take_hop(const struct link_route *route, void *arg)
{
	struct hops *hops = arg;

	if (hops->count < HOPS_MAX)
		hops->list[hops->count++] = *route;
}

/* What fits on every next hop, for an address of that family. */
static void way_add_hop(struct way *way, const struct link *link, const struct link_route *route)
{
	enum way_state state = link->carrier ? WAY_READY : WAY_NO_CARRIER;
	bool ipv6 = route->destination.addr.family == AF_INET6;

	way_add(way, state, link->mtu_bytes);
	if (ipv6 && link->mtu6_bytes)
		way_add(way, state, link->mtu6_bytes);
	if (route->mtu_bytes)
		way_add(way, state, route->mtu_bytes);
}

struct way way_find(const struct tunnel *tunnel, const struct inet_addr *addr, struct link *link)
{
	const struct inet_flow to = { .remote.addr = *addr };
	struct way way = { .state = WAY_NONE };
	static struct hops hops;
	int len;
	uint32_t own = own_mtu(tunnel, addr, &len);

	if (own)
		way_add(&way, WAY_READY, own);
	hops.count = 0;
	/* Where only a default route of its own leads there, the kernel may know a narrower network. */
	if (!addr->family || len > 0 || link_route_match(tunnel->host, &to, take_hop, &hops) < 0)
		return way;
	for (size_t i = 0; i < hops.count; i++) {
		const struct link_route *route = &hops.list[i];

		if (route->index == tunnel->index && tunnel->netns_fd < 0)
			continue;
		if (link->index == route->index || link_get_index(tunnel->host, route->index, link) == 0)
			way_add_hop(&way, link, route);
	}
	return way;
}

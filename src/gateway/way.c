#include "gateway/way.h"

/* The tunnel's own NIC that leads to addr, and how narrow the network is that says so. */
static const struct tunnel_nic *nic_to(const struct tunnel *tunnel, const struct inet_addr *addr, int *len)
{
	const struct tunnel_nic *best = NULL;

	*len = -1;
	for (size_t i = 0; i < tunnel->nic_count; i++) {
		const struct tunnel_nic *nic = &tunnel->nics[i];

		for (size_t j = 0; j < nic->address_count + nic->route_count; j++) {
			const struct inet_prefix *network = j < nic->address_count ?
								    &nic->addresses[j] :
								    &nic->routes[j - nic->address_count].destination;

			if (network->len <= *len || !inet_contains(network, addr))
				continue;
			best = nic;
			*len = network->len;
		}
	}
	return best;
}

static void way_add(struct way *way, enum way_state state, uint32_t mtu_bytes)
{
	if (state > way->state)
		way->state = state;
	if (!way->mtu_bytes || mtu_bytes < way->mtu_bytes)
		way->mtu_bytes = mtu_bytes;
}

struct way way_find(const struct tunnel *tunnel, const struct inet_addr *addr, struct link *link)
{
	const struct inet_flow to = { .remote.addr = *addr };
	struct way way = { .state = WAY_NONE };
	int len;
	const struct tunnel_nic *nic = nic_to(tunnel, addr, &len);
	struct link_route route;

	if (nic)
		way_add(&way, WAY_READY, nic->mtu_bytes);
	/* Where only a default route of its own leads there, the kernel may know a narrower network. */
	if (!addr->family || len > 0 || link_route_get(tunnel->host, &to, &route) < 0 ||
	    (route.index == tunnel->index && tunnel->netns_fd < 0))
		return way;
	if (link->index == route.index || link_get_index(tunnel->host, route.index, link) == 0)
		way_add(&way, link->carrier ? WAY_READY : WAY_NO_CARRIER,
			route.mtu_bytes && route.mtu_bytes < link->mtu_bytes ? route.mtu_bytes : link->mtu_bytes);
	return way;
}

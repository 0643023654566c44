#include "gateway/inner.h"

#include <errno.h>
#include <linux/rtnetlink.h>

#include "tunnel/tun.h"

enum {
	OVERHEAD_BYTES = 40 + 8 + 32,
	MTU_DEFAULT_BYTES = 1420, /* of 1500 */
	MTU_MIN_BYTES = 576,      /* RFC 791: what every host takes */
	MTU_MAX_BYTES = TUN_MTU_MAX, /* the same on both backends */
};

enum { STALE_MAX = 16 };

struct stale_addresses {
	const struct inet_prefix *wanted;
	struct inet_prefix list[STALE_MAX];
	size_t count;
	bool found;
};

static void sort_out(const struct link_address *address, void *arg)
{
	struct stale_addresses *stale = arg;

	if (inet_prefix_equal(&address->prefix, stale->wanted))
		stale->found = true;
	else if (address->scope != RT_SCOPE_LINK && stale->count < STALE_MAX)
		stale->list[stale->count++] = address->prefix;
}

static int add(struct tunnel *tunnel, const struct inet_prefix *address)
{
	int err = link_address_add(&tunnel->inner, tunnel->index, address);

	return err == -EEXIST ? 0 : err;
}

int inner_set_address(struct tunnel *tunnel, const struct inet_prefix *address)
{
	struct stale_addresses stale = { .wanted = address };
	int err = link_address_each(&tunnel->inner, tunnel->index, sort_out, &stale);

	/* Before the old ones go, so that one with another prefix length is never without; and once more behind it,
	 * since one in the same network goes along with the address it was second to. */
	if (!err && !stale.found)
		err = add(tunnel, address);
	for (size_t i = 0; i < stale.count && !err; i++)
		err = link_address_remove(&tunnel->inner, tunnel->index, &stale.list[i]);
	if (!err && stale.count)
		err = add(tunnel, address);
	return err < 0 ? err : !stale.found || stale.count;
}

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

static void narrow(struct underlay *underlay, uint32_t mtu_bytes)
{
	if (!underlay->mtu_bytes || mtu_bytes < underlay->mtu_bytes)
		underlay->mtu_bytes = mtu_bytes;
}

struct underlay underlay_look(const struct tunnel *tunnel, const struct tunnel_config *config)
{
	struct underlay underlay = { 0 };
	struct link link = { 0 };
	bool any = false;
	int len;

	for (size_t i = 0; i < config->peer_count; i++) {
		const struct inet_addr *addr = &config->peers[i].endpoint.addr;
		const struct tunnel_nic *nic = nic_to(tunnel, addr, &len);
		struct link_route route;

		any = any || addr->family;
		if (nic) {
			narrow(&underlay, nic->mtu_bytes);
			underlay.ready = true;
		}
		/* Where only a default route of its own leads there, the kernel may know a narrower network. */
		if (!addr->family || len > 0 || link_route_get(tunnel->host, addr, &route) < 0 ||
		    (route.index == tunnel->index && tunnel->netns_fd < 0))
			continue;
		if (link.index != route.index && link_get_index(tunnel->host, route.index, &link) < 0)
			continue;
		narrow(&underlay, route.mtu_bytes && route.mtu_bytes < link.mtu_bytes ? route.mtu_bytes : link.mtu_bytes);
		underlay.ready = underlay.ready || link.carrier;
	}
	underlay.ready = underlay.ready || !any;
	return underlay;
}

uint32_t inner_mtu(const struct underlay *underlay)
{
	if (!underlay->mtu_bytes)
		return MTU_DEFAULT_BYTES;
	if (underlay->mtu_bytes < MTU_MIN_BYTES + OVERHEAD_BYTES)
		return MTU_MIN_BYTES;
	if (underlay->mtu_bytes > MTU_MAX_BYTES + OVERHEAD_BYTES)
		return MTU_MAX_BYTES;
	return underlay->mtu_bytes - OVERHEAD_BYTES;
}

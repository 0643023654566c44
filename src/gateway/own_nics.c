#include "gateway/own_nics.h"

#include <linux/if_arp.h>
#include <string.h>

#include "base/text.h"

struct search {
	struct own_nics *nics;
	const struct network_conf *conf;
};

static void add(const struct link *link, void *arg)
{
	const struct search *search = arg;
	const struct network_nic *nic;
	struct tunnel_nic *out;

	if (link->type != ARPHRD_ETHER || !link->has_mac || search->nics->count == TUNNEL_NICS_MAX)
		return;
	nic = network_match(search->conf, link->name, link->mac);
	if (!nic || !nic->unmanaged)
		return;
	out = &search->nics->list[search->nics->count++];
	text_format(out->link, sizeof(out->link), "%s", link->name);
	out->mtu_bytes = link->mtu_bytes;
	out->address_count = nic->address_count;
	memcpy(out->addresses, nic->addresses, nic->address_count * sizeof(nic->addresses[0]));
	out->route_count = nic->route_count;
	for (size_t i = 0; i < nic->route_count; i++) {
		out->routes[i].destination = nic->routes[i].destination;
		out->routes[i].gateway = nic->routes[i].gateway;
		out->routes[i].mtu_bytes = nic->routes[i].mtu_bytes;
	}
}

int own_nics_find(struct own_nics *nics, struct nl *host, const struct network_conf *conf)
{
	struct search search = { nics, conf };

	memset(nics, 0, sizeof(*nics));
	return link_each(host, add, &search);
}

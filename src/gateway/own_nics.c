#include "gateway/own_nics.h"

#include <assert.h>
#include <linux/if_arp.h>
#include <string.h>

#include "base/log.h"
#include "base/text.h"
#include "network/nics.h"

static_assert((int)NETWORK_ADDRESSES_MAX == (int)TUNNEL_NIC_ADDRESSES && (int)NETWORK_ROUTES_MAX == (int)TUNNEL_NIC_ROUTES &&
	      (int)NETWORK_MAC_LEN == (int)LINK_MAC_LEN, "a NIC of its own has all that its section says");

struct search {
	struct own_nics *nics;
	const struct network_conf *conf;
	/* Of each in nics. */
	const struct network_nic *sections[TUNNEL_NICS_MAX];
	bool carrier[TUNNEL_NICS_MAX];
};

/* Where a NIC goes: NULL when there is no room, or one that the same [Match] fits has what it says, and has carrier or is
 * the first. */
static struct tunnel_nic *place_for(struct search *search, const struct network_nic *section, bool carrier)
{
	size_t i = 0;

	while (i < search->nics->count && search->sections[i] != section)
		i++;
	if (i == TUNNEL_NICS_MAX || (i < search->nics->count && (search->carrier[i] || !carrier)))
		return NULL;
	if (i == search->nics->count)
		search->nics->count++;
	search->sections[i] = section;
	search->carrier[i] = carrier;
	memset(&search->nics->list[i], 0, sizeof(search->nics->list[i]));
	return &search->nics->list[i];
}

static void add(const struct link *link, void *arg)
{
	struct search *search = arg;
	const struct network_nic *nic;
	struct tunnel_nic *out;

	if (link->type != ARPHRD_ETHER)
		return;
	nic = nics_section_of(search->conf, link);
	out = nic && nic->unmanaged ? place_for(search, nic, link->carrier) : NULL;
	if (!out)
		return;
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

bool own_nics_follow(struct own_nics *nics, struct nl *host, const struct network_conf *conf)
{
	static struct own_nics found;
	struct search search = { .nics = &found, .conf = conf };
	int err;

	memset(&found, 0, sizeof(found));
	err = link_each(host, add, &search);
	if (err < 0 && err != nics->err)
		log_err("cannot read the links of the host: %s", strerror(-err));
	found.err = nics->err = err;
	if (err < 0 || !memcmp(&found, nics, sizeof(found))) /* NOLINT: nothing of either is unset */
		return false;
	*nics = found;
	return true;
}

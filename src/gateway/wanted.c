#include "gateway/wanted.h"

#include <assert.h>
#include <string.h>

static_assert((int)VPN_PEERS_MAX == (int)TUNNEL_PEERS_MAX && (int)VPN_PREFIXES_MAX == (int)TUNNEL_PREFIXES_MAX &&
	      (int)VPN_KEY_LEN == (int)TUNNEL_KEY_LEN, "what the files may say is what a tunnel takes");

/* FNV-1a (draft-eastlake-fnv): the endpoint as the file has it. */
static uint64_t endpoint_id(const char *host, uint16_t port)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (; *host; host++)
		hash = (hash ^ (uint8_t)*host) * UINT64_C(0x100000001b3);
	hash = (hash ^ (port >> 8)) * UINT64_C(0x100000001b3);
	return (hash ^ (port & 0xff)) * UINT64_C(0x100000001b3);
}

static void set_endpoint(struct tunnel_peer *out, const struct vpn_peer *peer, uint16_t port,
			 const struct resolver *resolver, const struct wanted_pick *pick)
{
	const struct resolved_addrs *addrs = resolver_find(resolver, peer->host);
	struct inet_addr addr = peer->addr;

	out->endpoint_id = endpoint_id(peer->host, port);
	out->addr_count = 1;
	if (!addr.family && addrs) {
		addr = pick ? addrs->list[pick->index(pick->arg, out->public_key, addrs)] : addrs->list[0];
		out->addr_count = (uint8_t)addrs->count;
	}
	if (addr.family)
		out->resolved = out->endpoint = (struct inet_endpoint){ .addr = addr, .port = port };
}

void wanted_build(struct tunnel_config *wanted, const struct profile *profile, const struct conf_set *set,
		  const struct resolver *resolver, const struct wanted_pick *pick)
{
	const struct vpn_conf *vpn = &set->vpn;

	tunnel_config_clear(wanted);
	wanted->has_private_key = true;
	memcpy(wanted->private_key, vpn->private_key, sizeof(wanted->private_key));
	memcpy(wanted->public_key, vpn->public_key, sizeof(wanted->public_key));
	wanted->listen_port = profile_port(profile, set);
	for (size_t i = 0; i < vpn->peer_count; i++) {
		const struct vpn_peer *peer = &vpn->peers[i];
		struct tunnel_peer *out = &wanted->peers[wanted->peer_count];

		if ((int)i == vpn->own)
			continue;
		*out = (struct tunnel_peer){ .keepalive_s = peer->keepalive_s,
					     .allowed_first = wanted->allowed_count,
					     .allowed_count = peer->allowed_count };
		memcpy(out->public_key, peer->public_key, sizeof(out->public_key));
		if (peer->has_preshared_key)
			memcpy(out->preshared_key, peer->preshared_key, sizeof(out->preshared_key));
		if (peer->host[0])
			set_endpoint(out, peer, profile_peer_port(profile, set, peer), resolver, pick);
		for (size_t j = 0; j < peer->allowed_count; j++)
			wanted->allowed[wanted->allowed_count++] = vpn->allowed[peer->allowed_first + j].prefix;
		wanted->peer_count++;
	}
}

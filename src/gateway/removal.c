#include "gateway/removal.h"

#include <string.h>

enum { SESSION_S = 180 }; /* REJECT_AFTER_TIME: no packet passes by an older one */

static const struct vpn_peer *find_section(const struct vpn_conf *conf, const uint8_t public_key[static VPN_KEY_LEN], size_t *at)
{
	const struct vpn_peer *peer = vpn_find_near(conf, public_key, at);

	return peer && peer - conf->peers != conf->own ? peer : NULL;
}

static bool shares_address(const struct tunnel_config *running, const struct tunnel_peer *old, const struct vpn_conf *after,
			   const struct vpn_peer *fresh)
{
	for (size_t i = 0; i < old->allowed_count; i++)
		for (size_t j = 0; j < fresh->allowed_count; j++)
			if (inet_prefix_equal(&running->allowed[old->allowed_first + i],
					      &after->allowed[fresh->allowed_first + j].prefix))
				return true;
	return false;
}

bool removal_is_alive(const struct tunnel_peer *peer, int64_t now_s)
{
	return peer->handshake_s && now_s - peer->handshake_s < SESSION_S;
}

unsigned removal_alive(const struct tunnel_config *running, int64_t now_s)
{
	unsigned alive = 0;

	for (size_t i = 0; i < running->peer_count; i++)
		alive += removal_is_alive(&running->peers[i], now_s);
	return alive;
}

const struct vpn_peer *removal_successor(const struct tunnel_config *running, const struct tunnel_peer *old,
					 const struct vpn_conf *before, const struct vpn_conf *after, size_t *at)
{
	const struct vpn_peer *section;
	const char *name;

	if (find_section(after, old->public_key, at))
		return NULL;
	section = vpn_find_peer(before, old->public_key);
	name = section ? section->name : "";
	for (int i = 0; i < after->peer_count; i++) {
		const struct vpn_peer *fresh = &after->peers[i];

		if (i != after->own && ((*name && !strcmp(name, fresh->name)) || shares_address(running, old, after, fresh)) &&
		    !tunnel_find(running, fresh->public_key))
			return fresh;
	}
	return NULL;
}

enum removal_verdict removal_look(struct removal *removal, const struct tunnel_config *running, const struct vpn_conf *before,
				  const struct vpn_conf *after, int64_t now_s)
{
	size_t at = 0;

	*removal = (struct removal){ .count = 0 };
	for (uint16_t i = 0; i < running->peer_count; i++) {
		const struct tunnel_peer *peer = &running->peers[i];

		if (after && find_section(after, peer->public_key, &at))
			continue;
		if (after && removal_successor(running, peer, before, after, &at)) {
			removal->rotated++;
			continue;
		}
		removal->peers[removal->count++] = i;
		if (removal_is_alive(peer, now_s))
			removal->alive++;
	}
	if (removal->count && removal->count == running->peer_count)
		return REMOVAL_ALL;
	return removal->alive || (removal->count && removal->count * 3 >= running->peer_count) ? REMOVAL_ASKED : REMOVAL_FINE;
}

#include "gateway/witness.h"

#include <string.h>

#include "crypto/key.h"
#include "gateway/removal.h"

bool witness_same_section(const struct vpn_conf *a, const struct vpn_peer *x, const struct vpn_conf *b, const struct vpn_peer *y)
{
	if (strcmp(x->host, y->host) != 0 || x->port != y->port || x->keepalive_s != y->keepalive_s ||
	    x->has_preshared_key != y->has_preshared_key || !ct_equal(x->preshared_key, y->preshared_key, VPN_KEY_LEN) ||
	    x->allowed_count != y->allowed_count)
		return false;
	for (size_t i = 0; i < x->allowed_count; i++)
		if (!inet_prefix_equal(&a->allowed[x->allowed_first + i].prefix, &b->allowed[y->allowed_first + i].prefix))
			return false;
	return true;
}

void witness_choose(struct witness *witness, const struct tunnel_config *running, const struct vpn_conf *before,
		    const struct vpn_conf *after, int64_t now_s)
{
	witness->count = 0;
	for (uint16_t i = 0; after && i < running->peer_count; i++) {
		const struct tunnel_peer *peer = &running->peers[i];
		const struct vpn_peer *was = vpn_find_peer(before, peer->public_key), *is = vpn_find_peer(after, peer->public_key);

		if (!removal_is_alive(peer, now_s) || !was || !is || is - after->peers == after->own ||
		    !witness_same_section(before, was, after, is))
			continue;
		memcpy(witness->peers[witness->count++].public_key, peer->public_key, TUNNEL_KEY_LEN);
	}
}

/* From where on they are counted: a peer that was made anew begins at zero. */
static bool take_counts(struct witness *witness, const struct tunnel_config *running)
{
	bool more = false;

	for (size_t i = 0; i < witness->count; i++) {
		const struct tunnel_peer *peer = tunnel_find(running, witness->peers[i].public_key);
		uint64_t received_bytes = peer ? peer->received_bytes : 0;

		more = more || received_bytes > witness->peers[i].received_bytes;
		witness->peers[i].received_bytes = received_bytes;
	}
	return more;
}

void witness_begin(struct witness *witness, const struct tunnel_config *running, uint64_t now_ns)
{
	(void)take_counts(witness, running);
	witness->heard = false;
	witness->last_ns = now_ns;
}

void witness_look(struct witness *witness, const struct tunnel_config *running, uint64_t now_ns)
{
	if (!take_counts(witness, running))
		return;
	witness->heard = true;
	witness->last_ns = now_ns;
}

#include "gateway/witness.h"

#include <string.h>

#include "base/clock.h"
#include "crypto/key.h"
#include "gateway/removal.h"

/* MAY_CALL_S: who has sent something and hears nothing begins a handshake behind KEEPALIVE_TIMEOUT and REKEY_TIMEOUT of the paper, and no sooner;
 * CALLS_AFTER_S: and some. One that has only just sent its first would not have begun yet. SESSION_S: REJECT_AFTER_TIME, and a handshake that is tried for some time. */
enum { SETTLED_S = 1, MAY_CALL_S = 15, CALLS_AFTER_S = 20, SESSION_S = 240, KEEPALIVE_BYTES = 32, PADDING = 16, MTU_MIN = 576 };

/* What two sets say of a peer: the same. Names and comments do not count. */
static bool same_section(const struct vpn_conf *a, const struct vpn_peer *x, const struct vpn_conf *b, const struct vpn_peer *y)
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

void witness_clear(struct witness *witness)
{
	memset(witness, 0, sizeof(*witness));
	witness->known = true;
}

void witness_choose(struct witness *witness, const struct tunnel_config *running, const struct vpn_conf *before,
		    const struct vpn_conf *after, int64_t now_s)
{
	size_t was_at = 0, is_at = 0;

	witness_clear(witness);
	for (uint16_t i = 0; after && i < running->peer_count; i++) {
		const struct tunnel_peer *peer = &running->peers[i];
		const struct vpn_peer *was, *is;

		if (!removal_is_alive(peer, now_s))
			continue;
		was = vpn_find_near(before, peer->public_key, &was_at);
		is = vpn_find_near(after, peer->public_key, &is_at);
		if (!was || !is || is - after->peers == after->own || !same_section(before, was, after, is))
			continue;
		memcpy(witness->peers[witness->count++].public_key, peer->public_key, TUNNEL_KEY_LEN);
	}
}

/* From where on they are counted: a peer that was made anew begins at zero. */
static void take_counts(struct witness *witness, size_t i, const struct tunnel_peer *peer)
{
	witness->peers[i].received_bytes = peer->received_bytes;
	witness->peers[i].handshake_s = peer->handshake_s;
	witness->peers[i].handshake_ns = peer->handshake_ns;
}

void witness_begin(struct witness *witness, const struct tunnel_config *running, uint64_t now_ns)
{
	for (size_t i = 0; i < witness->count; i++) {
		const struct tunnel_peer *peer = tunnel_find(running, witness->peers[i].public_key);

		if (!peer)
			continue;
		take_counts(witness, i, peer);
		if (peer->allowed_count)
			witness->peers[i].address = running->allowed[peer->allowed_first].addr;
	}
	witness->begun_ns = witness->last_ns = now_ns;
}

static void hear(struct witness *witness, size_t i, uint64_t now_ns)
{
	witness->peers[i].calls = false;
	witness->heard = true;
	witness->last_ns = now_ns;
}

static bool is_early(const struct witness *witness, uint64_t now_ns)
{
	return now_ns - witness->begun_ns < SETTLED_S * NS_PER_S;
}

static bool has_shaken_hands(const struct witness *witness, size_t i, const struct tunnel_peer *peer)
{
	return peer->handshake_s && (peer->handshake_s != witness->peers[i].handshake_s || peer->handshake_ns != witness->peers[i].handshake_ns);
}

/* More than a keepalive, which it sends whether it hears us or not. Data is padded to 16 bytes, but for packets as long as the MTU;
 * an initiation is none, and who begins one does not hear us. In a stream it is hidden only where the stream has such long packets, which
 * shows before anyone calls; those are of something that waits for answers, and does not go on for long without. */
static bool sends(struct witness *witness, size_t i, uint64_t bytes, uint64_t now_ns)
{
	bool is_odd = bytes % PADDING;

	if (is_odd && bytes >= MTU_MIN && now_ns - witness->begun_ns < MAY_CALL_S * NS_PER_S)
		witness->peers[i].is_long = true;
	else if (is_odd && (bytes < MTU_MIN || !witness->peers[i].is_long))
		witness->peers[i].calls = true;
	if (bytes <= KEEPALIVE_BYTES)
		return false;
	if (!witness->peers[i].sent_ns)
		witness->peers[i].sent_ns = now_ns;
	return !witness->peers[i].calls && now_ns - witness->peers[i].sent_ns >= CALLS_AFTER_S * NS_PER_S;
}

void witness_look(struct witness *witness, const struct tunnel_config *running, uint64_t now_ns)
{
	for (size_t i = 0; i < witness->count; i++) {
		const struct tunnel_peer *peer = tunnel_find(running, witness->peers[i].public_key);
		uint64_t before = witness->peers[i].received_bytes;

		if (!peer)
			continue;
		if (!is_early(witness, now_ns) &&
		    (has_shaken_hands(witness, i, peer) ||
		     sends(witness, i, peer->received_bytes - (peer->received_bytes < before ? 0 : before), now_ns)))
			hear(witness, i, now_ns);
		take_counts(witness, i, peer);
	}
}

const struct inet_addr *witness_next(struct witness *witness, uint64_t now_ns)
{
	for (size_t tries = 0; tries < witness->count && !is_early(witness, now_ns); tries++) {
		witness->asked = witness->asked + 1 < witness->count ? (uint16_t)(witness->asked + 1) : 0;
		if (witness->peers[witness->asked].address.family)
			return &witness->peers[witness->asked].address;
	}
	return NULL;
}

void witness_answered(struct witness *witness, const struct inet_addr *from, uint64_t now_ns)
{
	for (size_t i = 0; i < witness->count; i++)
		if (inet_addr_equal(&witness->peers[i].address, from)) {
			witness->echoes = true;
			hear(witness, i, now_ns);
		}
}

uint64_t witness_silent_ns(const struct witness *witness, uint64_t now_ns)
{
	uint64_t silent_ns = now_ns - witness->last_ns;

	return witness->echoes || silent_ns >= SESSION_S * NS_PER_S ? silent_ns : 0;
}

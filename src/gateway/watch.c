#include "gateway/watch.h"

#include <string.h>

#include "base/clock.h"

enum {
	MOVE_WAIT_MAX_S = 300,
	PROBE_WAIT_MIN_S = 10,
	PROBE_WAIT_MAX_S = 640,
	SESSION_S = 180, /* REJECT_AFTER_TIME of the paper */
	KEEPALIVE_BYTES = 32,
};

static bool is_about(const struct watched *peer, const struct tunnel_peer *running)
{
	return !memcmp(peer->public_key, running->public_key, TUNNEL_KEY_LEN);
}

/* Taken away and put back, by an operator or with its tunnel: what was known is of another session. */
static bool made_anew(const struct watched *peer, const struct tunnel_peer *running)
{
	return running->sent_bytes < peer->sent_bytes || running->received_bytes < peer->received_bytes;
}

static bool is_same(const struct watched *peer, const struct tunnel_peer *running)
{
	return is_about(peer, running) && !made_anew(peer, running);
}

struct watched *watch_find(struct watch *watch, const uint8_t public_key[static TUNNEL_KEY_LEN])
{
	for (size_t i = 0; i < watch->count; i++)
		if (!memcmp(watch->peers[i].public_key, public_key, TUNNEL_KEY_LEN))
			return &watch->peers[i];
	return NULL;
}

void watch_follow(struct watch *watch, const struct tunnel_config *running)
{
	static struct watched fresh[TUNNEL_PEERS_MAX];
	size_t i;

	for (i = 0; i < running->peer_count && i < watch->count && is_same(&watch->peers[i], &running->peers[i]); i++)
		;
	if (i == running->peer_count && i == watch->count)
		return;
	for (i = 0; i < running->peer_count; i++) {
		const struct tunnel_peer *peer = &running->peers[i];
		const struct watched *known = watch_find(watch, peer->public_key);

		fresh[i] = known && is_same(known, peer) ?
				   *known :
				   (struct watched){ .received_bytes = peer->received_bytes, .sent_bytes = peer->sent_bytes };
		memcpy(fresh[i].public_key, peer->public_key, TUNNEL_KEY_LEN);
	}
	memcpy(watch->peers, fresh, running->peer_count * sizeof(fresh[0]));
	watch->count = running->peer_count;
}

/* Bytes that left and want no answer: keepalives, of which a peer with nothing to say gives no sign. Without a session there
 * are none, only initiations. */
static uint64_t unasked_bytes(const struct tunnel_peer *running, uint64_t interval_ns, int64_t wall_s)
{
	if (!running->handshake_s || wall_s - running->handshake_s >= SESSION_S)
		return 0;
	if (!running->keepalive_s)
		return KEEPALIVE_BYTES;
	return (interval_ns / (running->keepalive_s * NS_PER_S) + 1) * KEEPALIVE_BYTES;
}

void watch_look(struct watch *watch, const struct tunnel_config *running, uint64_t now_ns, int64_t wall_s)
{
	uint64_t interval_ns = now_ns - watch->looked_ns;

	watch->looked_ns = now_ns;
	for (size_t i = 0; i < watch->count; i++) {
		struct watched *peer = &watch->peers[i];
		const struct tunnel_peer *now = &running->peers[i];
		uint64_t sent_bytes = now->sent_bytes - peer->sent_bytes;

		if (now->received_bytes != peer->received_bytes) {
			peer->waiting = peer->give_up = false;
			peer->moves = 0;
		} else if (sent_bytes > unasked_bytes(now, interval_ns, wall_s)) {
			if (!peer->waiting)
				peer->waiting_ns = now_ns;
			peer->waiting = true;
			peer->asked_ns = now_ns;
		}
		peer->received_bytes = now->received_bytes;
		peer->sent_bytes = now->sent_bytes;
	}
}

bool watch_unanswered(const struct watched *peer, uint64_t now_ns)
{
	/* Initiations leave every 5 s and some: not each look sees one. */
	return peer->waiting && now_ns - peer->waiting_ns >= UNANSWERED_S * NS_PER_S &&
	       now_ns - peer->asked_ns <= WATCH_INTERVAL_S * NS_PER_S * 2 && now_ns >= peer->move_ns;
}

void watch_moved(struct watched *peer, uint64_t now_ns, unsigned wait_s)
{
	peer->moves++;
	peer->move_ns = now_ns + wait_s * NS_PER_S;
	peer->waiting = false;
	clone_signs_moved(&peer->clone);
}

unsigned watch_move_wait_s(const struct watched *peer, unsigned addr_count)
{
	unsigned wait_s = UNANSWERED_S;

	for (unsigned i = addr_count; i <= peer->moves + 1 && wait_s < MOVE_WAIT_MAX_S; i++)
		wait_s *= 2;
	return wait_s < MOVE_WAIT_MAX_S ? wait_s : MOVE_WAIT_MAX_S;
}

bool watch_probe_is_due(const struct watched *peer, uint64_t now_ns)
{
	return peer->had_way && now_ns >= peer->probe_ns;
}

bool watch_probe(struct watched *peer, const struct inet_endpoint *endpoint, bool has_way, bool anew, uint64_t now_ns)
{
	bool way_came = has_way && !peer->had_way;
	uint64_t wait_s = PROBE_WAIT_MIN_S;

	peer->had_way = has_way;
	if (!has_way)
		return false;
	if (anew || way_came || !inet_endpoint_equal(&peer->probed, endpoint))
		peer->probes = 0;
	else if (now_ns < peer->probe_ns)
		return false;
	for (unsigned i = 0; i < peer->probes && wait_s < PROBE_WAIT_MAX_S; i++)
		wait_s *= 2;
	peer->probed = *endpoint;
	peer->probes++;
	peer->probe_ns = now_ns + wait_s * NS_PER_S;
	peer->knocked = true;
	return true;
}

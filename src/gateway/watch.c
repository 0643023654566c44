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
	/* As tunnel_find has it: the next one that is looked for is mostly the next one here. */
	static size_t last;

	for (size_t i = 0; i < watch->count; i++) {
		size_t at = (last + i) % watch->count;

		if (memcmp(watch->peers[at].public_key, public_key, TUNNEL_KEY_LEN) != 0)
			continue;
		last = at;
		return &watch->peers[at];
	}
	return NULL;
}

void watch_follow(struct watch *watch, const struct tunnel_config *running)
{
	struct watched *fresh = watch->fresh;
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
				   (struct watched){ .received_bytes = peer->received_bytes, .sent_bytes = peer->sent_bytes,
						     .handshake_s = peer->handshake_s };
		memcpy(fresh[i].public_key, peer->public_key, TUNNEL_KEY_LEN);
	}
	memcpy(watch->peers, fresh, running->peer_count * sizeof(fresh[0]));
	watch->count = running->peer_count;
}

/* Its session lives: what comes without one are initiations, whose answers do not arrive. One that a look saw begin is as old as
 * that, whatever the wall clock was set to since. */
static bool has_session(const struct watched *peer, const struct tunnel_peer *running, uint64_t now_ns, int64_t wall_s)
{
	if (!running->handshake_s)
		return false;
	if (running->handshake_s != peer->handshake_s)
		return true;
	return peer->session_ns ? now_ns - peer->session_ns < SESSION_S * NS_PER_S :
				  wall_s - running->handshake_s < SESSION_S;
}

/* Bytes that left and want no answer: keepalives, of which a peer with nothing to say gives no sign. Without a session there
 * are none, only initiations. */
static uint64_t unasked_bytes(const struct watched *peer, const struct tunnel_peer *running, uint64_t interval_ns, uint64_t now_ns,
			      int64_t wall_s)
{
	if (!has_session(peer, running, now_ns, wall_s))
		return 0;
	if (!running->keepalive_s)
		return KEEPALIVE_BYTES;
	return (interval_ns / (running->keepalive_s * NS_PER_S) + 1) * KEEPALIVE_BYTES;
}

static bool was_heard(const struct watched *peer, const struct tunnel_peer *running, uint64_t now_ns, int64_t wall_s)
{
	return running->received_bytes != peer->received_bytes && has_session(peer, running, now_ns, wall_s);
}

void watch_look(struct watch *watch, const struct tunnel_config *running, uint64_t now_ns, int64_t wall_s)
{
	uint64_t interval_ns = now_ns - watch->looked_ns;

	watch->looked_ns = now_ns;
	for (size_t i = 0; i < watch->count; i++) {
		struct watched *peer = &watch->peers[i];
		const struct tunnel_peer *now = &running->peers[i];
		uint64_t sent_bytes = now->sent_bytes - peer->sent_bytes;
		bool asked = sent_bytes > unasked_bytes(peer, now, interval_ns, now_ns, wall_s);

		if (was_heard(peer, now, now_ns, wall_s)) {
			peer->heard_ns = now_ns;
			peer->unheard_ns = 0;
		} else if (asked && !peer->unheard_ns) {
			peer->unheard_ns = now_ns;
		}
		if (now->handshake_s != peer->handshake_s)
			peer->session_ns = now_ns;
		peer->handshake_s = now->handshake_s;
		if (now->received_bytes != peer->received_bytes) {
			peer->waiting = peer->give_up = false;
			peer->moves = 0;
		} else if (asked) {
			if (!peer->waiting)
				peer->waiting_ns = now_ns;
			peer->waiting = true;
			peer->asked_ns = now_ns;
		}
		peer->received_bytes = now->received_bytes;
		peer->sent_bytes = now->sent_bytes;
	}
}

enum watch_verdict watch_verdict(const struct watched *peer, const struct tunnel_peer *running, uint64_t now_ns, int64_t wall_s,
				 int64_t *age_s)
{
	static const struct watched unknown;
	int64_t since_s = running->handshake_s ? wall_s - running->handshake_s : -1;

	peer = peer ? peer : &unknown;
	*age_s = 0;
	if (was_heard(peer, running, now_ns, wall_s))
		return WATCH_UP;
	if (peer->unheard_ns && now_ns - peer->unheard_ns >= UNANSWERED_S * NS_PER_S) {
		*age_s = (int64_t)((now_ns - peer->unheard_ns) / NS_PER_S);
		return WATCH_DOWN;
	}
	/* What was heard before this process began is known by the handshake alone. */
	if (peer->heard_ns)
		since_s = (int64_t)((now_ns - peer->heard_ns) / NS_PER_S);
	if (since_s < 0 && !running->handshake_s)
		return running->endpoint.addr.family ? WATCH_NEW : WATCH_NO_ENDPOINT;
	*age_s = since_s > 0 ? since_s : 0;
	return *age_s < SESSION_S ? WATCH_UP : WATCH_IDLE;
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

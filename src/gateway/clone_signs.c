#include "gateway/clone_signs.h"

#include "base/clock.h"

static bool is_since(uint64_t then_ns, uint64_t wait_s, uint64_t now_ns)
{
	return now_ns - then_ns <= wait_s * NS_PER_S;
}

static void look_at_session(struct clone_signs *signs, const struct tunnel_peer *peer, uint64_t now_ns)
{
	if (signs->sessions && signs->handshake_s == peer->handshake_s && signs->handshake_ns == peer->handshake_ns)
		return;
	if (!is_since(signs->session_ns, CLONE_OVER_S, now_ns))
		signs->sessions = 0;
	signs->sessions++;
	signs->session_ns = now_ns;
	signs->handshake_s = peer->handshake_s;
	signs->handshake_ns = peer->handshake_ns;
}

/* How soon do its sessions follow each other? */
static bool look_at_handshake(struct clone_signs *signs, const struct tunnel_peer *peer, uint64_t now_ns)
{
	if (signs->renewed_s == peer->handshake_s && signs->renewed_nsec == peer->handshake_ns)
		return false;
	if (signs->renewed_s && is_since(signs->renewed_ns, CLONE_RENEWAL_MAX_S, now_ns))
		signs->renewals++;
	else
		signs->renewals = signs->returns = 0;
	signs->renewed_s = peer->handshake_s;
	signs->renewed_nsec = peer->handshake_ns;
	signs->renewed_ns = now_ns;
	return true;
}

/* Is it back at the one of two places? */
static bool look_at_endpoint(struct clone_signs *signs, const struct tunnel_peer *peer)
{
	bool back = inet_endpoint_equal(&peer->endpoint, &signs->there);

	signs->there = signs->here;
	signs->here = peer->endpoint;
	signs->returns = back ? signs->returns + 1 : 0;
	return back;
}

void clone_signs_look(struct clone_signs *signs, const struct tunnel_peer *peer, bool left, uint64_t now_ns)
{
	bool more = look_at_handshake(signs, peer, now_ns);

	if (!inet_endpoint_equal(&peer->endpoint, &signs->here))
		more = look_at_endpoint(signs, peer) || more;
	else if (left)
		look_at_session(signs, peer, now_ns);
	if (more && signs->renewals >= CLONE_RENEWALS && signs->returns >= CLONE_RETURNS) {
		signs->twofold = true;
		signs->twofold_ns = now_ns;
	}
}

void clone_signs_moved(struct clone_signs *signs)
{
	signs->there = (struct inet_endpoint){ 0 };
	signs->returns = 0;
}

enum clone_kind clone_signs_judge(const struct clone_signs *signs, uint64_t now_ns)
{
	if (signs->twofold && is_since(signs->twofold_ns, CLONE_OVER_S, now_ns))
		return CLONE_OF_PEER;
	if (signs->sessions >= CLONE_SESSIONS && is_since(signs->session_ns, CLONE_OVER_S, now_ns))
		return CLONE_OF_US;
	return CLONE_NONE;
}

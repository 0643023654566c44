#include "wg/handshake.h"

#include <string.h>

#include "base/bytes.h"
#include "wg/ephemeral.h"
#include "wg/policy.h"

static void send_message(struct wg_device *d, struct wg_peer *p, const struct inet_flow *to, uint8_t *bytes, size_t len,
			 uint64_t now_ns)
{
	cookie_write_macs(&p->jar, bytes, len, now_ns);
	d->host.send(d->host.arg, to, HANDSHAKE_DS, bytes, len);
}

static bool write_initiation(struct wg_device *d, struct wg_peer *p, struct message_initiation *m, uint64_t now_ns)
{
	struct noise_handshake handshake;
	struct noise_ephemeral ephemeral;
	uint8_t stamp[WG_STAMP_LEN];
	bool good = false;

	if (!ephemeral_take(d, &ephemeral, now_ns))
		return false;
	device_stamp(d, p, stamp);
	if (!noise_write_initiation(&handshake, m, &ephemeral, &d->identity, &p->remote, stamp))
		goto out;
	peer_stop_initiating(d, p);
	if (!device_new_index(d, p, INDEX_HANDSHAKE, &p->initiation_index))
		goto out;
	store_le32(m->sender, p->initiation_index);
	p->handshake = handshake;
	p->initiating = true;
	memcpy(p->stamp_sent, stamp, WG_STAMP_LEN);
	good = true;
out:
	wipe(&handshake, sizeof(handshake));
	wipe(&ephemeral, sizeof(ephemeral));
	return good;
}

void handshake_initiate(struct wg_device *d, struct wg_peer *p, bool again, uint64_t now_ns)
{
	struct message_initiation m;

	if (!again)
		p->attempts = 0;
	if (!d->up || !d->identity.known || !p->flow.remote.addr.family)
		return;
	if (now_ns < p->quiet_until_ns)
		return;
	policy_initiated(d, p, now_ns);
	if (!write_initiation(d, p, &m, now_ns))
		return;
	p->sent_bytes += sizeof(m);
	policy_sent(d, p, now_ns);
	send_message(d, p, &p->flow, (uint8_t *)&m, sizeof(m), now_ns);
}

static void handshake_done(struct wg_device *d, struct wg_peer *p, uint64_t now_ns)
{
	policy_session(d, p, now_ns);
	peer_told(d, p)->failing = false;
	p->shaken = d->host.wall(d->host.arg);
	device_event(d, p, WG_EVENT_SESSION);
}

/* The index moves from the handshake to the keypair. */
static void begin_session(struct wg_device *d, struct wg_peer *p, struct noise_handshake *handshake, bool initiator,
			  uint32_t local_index, uint32_t remote_index, uint64_t now_ns)
{
	struct keypair *keypair = keypairs_add(&p->keypairs, &d->index, initiator, now_ns);

	if (initiator)
		noise_session(handshake, keypair->send_key, keypair->receive_key);
	else
		noise_session(handshake, keypair->receive_key, keypair->send_key);
	keypair->local_index = local_index;
	keypair->remote_index = remote_index;
	index_find(&d->index, local_index)->slot = keypairs_slot(&p->keypairs, keypair);
}

void handshake_confirm(struct wg_device *d, struct wg_peer *p, uint64_t now_ns)
{
	bool yields = memcmp(d->identity.public_key, p->remote.public_key, KEY_LEN) < 0;

	if (!keypairs_confirm(&p->keypairs, &d->index, yields))
		return;
	/* There is a session: one more by an initiation of ours is not needed. */
	peer_stop_initiating(d, p);
	handshake_done(d, p, now_ns);
}

/* What we answered last began no session, and the peer does not wait for one any more. */
static bool response_is_unused(const struct wg_peer *p, uint64_t now_ns)
{
	const uint64_t retry_ns = REKEY_TIMEOUT_S * NS_PER_S * 2;

	return p->keypairs.next != KEYPAIR_NONE && now_ns - p->keypairs.slots[p->keypairs.next].born_ns <= retry_ns;
}

/* The initiation is good: nothing was changed up to here.
 *
 * What it proves is that the peer wrote it, once, to this public key. It does not prove that the peer wrote it now, to this
 * port, or from there. The stamp keeps replays off (paper 5.1) for as long as it is remembered, and by one who remembers: both
 * paths of an instance have the same keys, so one recorded on the other path's port is fresh here, and after a restart every
 * recorded one is that is newer than the one before. The paper argues that a replay after a restart can disrupt no session,
 * as there is none; but it moves the endpoint, and on the other port there is a session.
 *
 * The first packet under the new session proves all of it: its key depends on the ephemeral key in our response, so it was
 * made by the peer, for this response (the key confirmation for which a responder has to wait anyway before it sends). So what
 * the kernel takes from an initiation, we take from that packet (input_data), and a replay costs one answer and the slot of a
 * session that no one can use:
 *
 * - the endpoint: the response goes the way that the initiation came; the peer's endpoint moves with the packet that proves
 *   the session, and a peer whose endpoint is not known gets one then (before that there is nothing we could send him). A
 *   response to our own initiation proves as much, by our own ephemeral key, and moves it at once. The kernel moves it here,
 *   and all that we send until the peer speaks again goes to whoever replayed. A peer that went elsewhere is followed a
 *   round trip later; under the new session nothing could leave from us before that anyway.
 * - our own initiation goes on being one: the kernel forgets it and is quiet for REKEY_TIMEOUT, so that few replays keep us
 *   from ever beginning. Two initiations that cross give two sessions here, and keypairs_confirm has both sides choose the
 *   same one; with the kernel as peer, which answers ours and has forgotten its own, they give ours. No one waits.
 * - the sessions that there are: see keypairs_add.
 * - the timers: what is due for want of a sign of life stays due. */
static enum wg_verdict answer(struct wg_device *d, struct wg_peer *p, struct noise_handshake *handshake,
			      const struct inet_flow *from, const struct message_initiation *initiation,
			      const uint8_t stamp[static WG_STAMP_LEN], uint64_t now_ns)
{
	struct noise_ephemeral ephemeral;
	struct message_response m;
	uint32_t index;
	bool good;

	if (!ephemeral_take(d, &ephemeral, now_ns))
		return WG_DROP_RANDOM;
	good = noise_write_response(handshake, &m, &ephemeral, initiation->ephemeral, &p->remote);
	wipe(&ephemeral, sizeof(ephemeral));
	if (!good)
		return WG_DROP_TAG;
	if (!device_new_index(d, p, INDEX_HANDSHAKE, &index))
		return WG_DROP_RANDOM;
	if (response_is_unused(p, now_ns))
		peer_failed(d, p, WG_FAILURE_UNUSED, now_ns);
	memcpy(p->stamp_seen, stamp, WG_STAMP_LEN);
	p->initiation_ns = now_ns;
	p->has_initiation = true;
	store_le32(m.sender, index);
	memcpy(m.receiver, initiation->sender, sizeof(m.receiver));
	begin_session(d, p, handshake, false, index, load_le32(initiation->sender), now_ns);
	p->keypairs.next_crossed = p->initiating;
	policy_answered(d, p, now_ns);
	p->sent_bytes += sizeof(m);
	send_message(d, p, from, (uint8_t *)&m, sizeof(m), now_ns);
	return WG_HANDSHAKE;
}

/* Is the initiation a new one? WG_HANDSHAKE: yes. */
static enum wg_verdict look_at_stamp(const struct wg_peer *p, const uint8_t stamp[static WG_STAMP_LEN], uint64_t now_ns)
{
	int order = memcmp(stamp, p->stamp_seen, WG_STAMP_LEN);

	if (order <= 0)
		return order ? WG_DROP_STAMP : WG_DROP_AGAIN;
	return policy_is_flood(p, now_ns) ? WG_DROP_FLOOD : WG_HANDSHAKE;
}

enum wg_verdict handshake_take_initiation(struct wg_device *d, const struct inet_flow *from,
					  const struct message_initiation *m, uint64_t now_ns, struct wg_peer **peer)
{
	static const enum wg_failure failure_of[WG_VERDICTS] = {
		[WG_DROP_AGAIN] = WG_FAILURE_REPLAY,
		[WG_DROP_STAMP] = WG_FAILURE_STAMP,
		[WG_DROP_FLOOD] = WG_FAILURE_FLOOD,
	};
	uint8_t static_key[KEY_LEN], stamp[WG_STAMP_LEN];
	enum wg_verdict verdict = WG_DROP_TAG;
	struct noise_handshake handshake;

	if (!noise_read_static(&handshake, m, &d->identity, static_key))
		goto out;
	*peer = device_find(d, static_key);
	verdict = WG_DROP_PEER;
	if (!*peer) {
		device_note_stranger(&d->guard.counters.unknown, from, static_key, now_ns);
		goto out;
	}
	verdict = WG_DROP_TAG;
	if (!noise_read_stamp(&handshake, m, &(*peer)->remote, stamp))
		goto out;
	verdict = look_at_stamp(*peer, stamp, now_ns);
	if (verdict != WG_HANDSHAKE) {
		peer_failed(d, *peer, failure_of[verdict], now_ns);
		goto out;
	}
	verdict = answer(d, *peer, &handshake, from, m, stamp, now_ns);
out:
	wipe(&handshake, sizeof(handshake));
	return verdict;
}

enum wg_verdict handshake_take_response(struct wg_device *d, const struct inet_flow *from,
					const struct message_response *m, uint64_t now_ns, struct wg_peer **peer)
{
	const struct index_entry *entry = index_find(&d->index, load_le32(m->receiver));
	struct noise_handshake handshake;
	struct wg_peer *p;
	uint32_t index;
	bool roamed;

	if (!entry || entry->slot != INDEX_HANDSHAKE)
		return WG_DROP_INDEX;
	*peer = p = &d->peers[entry->peer];
	handshake = p->handshake;
	if (!noise_read_response(&handshake, m, &d->identity, &p->remote)) {
		peer_failed(d, p, WG_FAILURE_PSK, now_ns);
		wipe(&handshake, sizeof(handshake));
		return WG_DROP_TAG;
	}
	index = p->initiation_index;
	p->initiating = false;
	wipe(&p->handshake, sizeof(p->handshake));
	roamed = peer_follow(p, from);
	begin_session(d, p, &handshake, true, index, load_le32(m->sender), now_ns);
	handshake_done(d, p, now_ns);
	if (roamed)
		device_event(d, p, WG_EVENT_ROAMED);
	return WG_HANDSHAKE;
}

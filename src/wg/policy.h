/* When a peer is to shake hands, to send a keepalive and to forget its keys: the paper's section 6, all of it. What happens to a
 * peer is told here; what is to be done about it is asked, and done by others. */
#ifndef WG_POLICY_H
#define WG_POLICY_H

#include "wg/device.h"

static inline void policy_timer(struct wg_device *device, const struct wg_peer *peer, enum timer timer, uint64_t due_ns)
{
	if (device->up)
		timer_set(&device->timers, peer->id, timer, due_ns);
}

/* ---- what happened ---- */

/* Any authentic message, in either direction. */
static inline void policy_traversed(struct wg_device *device, const struct wg_peer *peer, uint64_t now_ns)
{
	if (peer->keepalive_s)
		policy_timer(device, peer, TIMER_PERSISTENT, now_ns + peer->keepalive_s * NS_PER_S);
}

/* Any authentic message that we send. */
static inline void policy_sent(struct wg_device *device, const struct wg_peer *peer, uint64_t now_ns)
{
	timer_clear(&device->timers, peer->id, TIMER_KEEPALIVE);
	policy_traversed(device, peer, now_ns);
}

static inline void policy_data_sent(struct wg_device *device, const struct wg_peer *peer, uint64_t now_ns)
{
	if (!timer_is_set(&device->timers, peer->id, TIMER_NEW_HANDSHAKE))
		policy_timer(device, peer, TIMER_NEW_HANDSHAKE,
			     now_ns + (KEEPALIVE_TIMEOUT_S + REKEY_TIMEOUT_S) * NS_PER_S + device_jitter_ns(device));
}

/* Any authentic message that came, after all else was done for it; but an initiation, which may be a replay, is no sign of life
 * (see answer() in handshake.c). */
static inline void policy_received(struct wg_device *device, const struct wg_peer *peer, uint64_t now_ns)
{
	timer_clear(&device->timers, peer->id, TIMER_NEW_HANDSHAKE);
	policy_traversed(device, peer, now_ns);
}

static inline void policy_data_received(struct wg_device *device, struct wg_peer *peer, uint64_t now_ns)
{
	if (!timer_is_set(&device->timers, peer->id, TIMER_KEEPALIVE))
		policy_timer(device, peer, TIMER_KEEPALIVE, now_ns + KEEPALIVE_TIMEOUT_S * NS_PER_S);
	else
		peer->need_another_keepalive = true;
}

/* An initiation of ours was due and leaves, also when nothing could be written for want of random bytes: it is tried again. */
void policy_initiated(struct wg_device *device, struct wg_peer *peer, uint64_t now_ns);
/* An initiation of the peer's was answered: there are keys that no packet may ever confirm. */
void policy_answered(struct wg_device *device, const struct wg_peer *peer, uint64_t now_ns);
/* A session is known to both sides. */
void policy_session(struct wg_device *device, struct wg_peer *peer, uint64_t now_ns);

/* ---- what is to be done ---- */

static inline bool policy_wants_rekey(const struct keypair *keypair, uint64_t now_ns)
{
	return keypair->send_counter > REKEY_AFTER_MESSAGES ||
	       (keypair->initiator && now_ns - keypair->born_ns >= REKEY_AFTER_TIME_S * NS_PER_S);
}

/* Paper 6.2: the initiator does not wait for something to send when the session is about to end. Once a session. */
static inline bool policy_wants_last_rekey(struct wg_peer *peer, uint64_t now_ns)
{
	const uint64_t age_ns = (REJECT_AFTER_TIME_S - KEEPALIVE_TIMEOUT_S - REKEY_TIMEOUT_S) * NS_PER_S;
	const struct keypair *current;

	if (peer->sent_lastminute || peer->keypairs.current == KEYPAIR_NONE)
		return false;
	current = &peer->keypairs.slots[peer->keypairs.current];
	if (!current->can_send || !current->initiator || now_ns - current->born_ns < age_ns)
		return false;
	peer->sent_lastminute = true;
	return true;
}

/* Initiations of the peer's that come faster are not answered. */
bool policy_is_flood(const struct wg_peer *peer, uint64_t now_ns);

enum policy_act { POLICY_NOTHING, POLICY_INITIATE, POLICY_INITIATE_AGAIN, POLICY_KEEPALIVE };

/* A timer is off, since it was due. */
enum policy_act policy_expired(struct wg_device *device, struct wg_peer *peer, enum timer timer, uint64_t now_ns);
/* What it asked for is done. */
void policy_acted(struct wg_device *device, struct wg_peer *peer, enum timer timer, uint64_t now_ns);

#endif

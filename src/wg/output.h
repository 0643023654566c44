/* What leaves a peer under its session. */
#ifndef WG_OUTPUT_H
#define WG_OUTPUT_H

#include "wg/device.h"

/* Any authentic message, in either direction. */
static inline void peer_traversed(struct wg_device *device, const struct wg_peer *peer, uint64_t now_ns)
{
	if (peer->keepalive_s)
		peer_timer(device, peer, TIMER_PERSISTENT, now_ns + peer->keepalive_s * NS_PER_S);
}

/* Counts, and sets what is due after any authentic message of len bytes that we send. */
static inline void peer_sent(struct wg_device *device, struct wg_peer *peer, size_t len, uint64_t now_ns)
{
	peer->sent_bytes += len;
	timer_clear(&device->timers, peer->id, TIMER_KEEPALIVE);
	peer_traversed(device, peer, now_ns);
}

/* Staged packets leave if there is a session; a handshake is begun if not. */
void peer_send_staged(struct wg_device *device, struct wg_peer *peer, uint64_t now_ns);
/* A keepalive, or what is staged instead. */
void peer_send_keepalive(struct wg_device *device, struct wg_peer *peer, uint64_t now_ns);

#endif

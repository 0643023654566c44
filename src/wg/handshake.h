/* Handshakes of a device: when one is begun, answered and done, and what then happens to peer and timers. */
#ifndef WG_HANDSHAKE_H
#define WG_HANDSHAKE_H

#include "wg/device.h"

/* An initiation, unless one left within REKEY_TIMEOUT. again: the last one was not answered. */
void handshake_initiate(struct wg_device *device, struct wg_peer *peer, bool again, uint64_t now_ns);
/* The first authentic packet came under a session that the peer began. */
void handshake_confirm(struct wg_device *device, struct wg_peer *peer, uint64_t now_ns);

enum wg_verdict handshake_take_initiation(struct wg_device *device, const struct inet_flow *from,
					  const struct message_initiation *m, uint64_t now_ns, struct wg_peer **peer);
enum wg_verdict handshake_take_response(struct wg_device *device, const struct inet_flow *from,
					const struct message_response *m, uint64_t now_ns, struct wg_peer **peer);

#endif

/* What leaves a peer under its session. */
#ifndef WG_OUTPUT_H
#define WG_OUTPUT_H

#include "wg/device.h"

/* Staged packets leave if there is a session; a handshake is begun if not. */
void peer_send_staged(struct wg_device *device, struct wg_peer *peer, uint64_t now_ns);
/* A keepalive, or what is staged instead. */
void peer_send_keepalive(struct wg_device *device, struct wg_peer *peer, uint64_t now_ns);

#endif

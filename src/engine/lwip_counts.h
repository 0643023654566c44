/* What the core counts, as a dump tells it. */
#ifndef ENGINE_LWIP_COUNTS_H
#define ENGINE_LWIP_COUNTS_H

#include "tunnel/tunnel.h"
#include "wg/wg.h"

void lwip_count_peer(struct tunnel_peer *peer, const struct wg_peer_counters *counters, uint64_t now_ns);
void lwip_count_device(struct tunnel_counts *counts, const struct wg_device *device, uint64_t now_ns);
/* A peer that was counted, with its endpoint and last handshake: strangers that write from that endpoint tell why it does not answer. */
void lwip_blame(struct tunnel_peer *peer, const struct tunnel_counts *counts);

#endif

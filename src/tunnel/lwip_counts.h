/* What the core counts, as a dump tells it. */
#ifndef TUNNEL_LWIP_COUNTS_H
#define TUNNEL_LWIP_COUNTS_H

#include "tunnel/tunnel.h"
#include "wg/wg.h"

void lwip_count_peer(struct tunnel_peer *peer, const struct wg_peer_counters *counters, uint64_t now_ns);
/* Behind the peers, since it tells whose endpoint strangers write from. */
void lwip_count_device(struct tunnel_config *running, const struct wg_device *device, uint64_t now_ns);

#endif

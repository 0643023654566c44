/* What becomes of a datagram that is to be sent: lwIP's headers, the MAC of its next hop or a place to wait for that, the queue. */
#ifndef OUTER_OUTPUT_H
#define OUTER_OUTPUT_H

#include "outer/ways.h"

void output_open(struct outer_stats *stats);

/* One datagram (segment_len == len) or several of segment_len each, as one super-frame where that can be. bytes are borrowed
 * until output_flush; a full queue flushes by itself. 0 or -errno. */
int output_datagrams(struct way *way, uint16_t port, uint8_t ds, const uint8_t *bytes, size_t len, size_t segment_len);
size_t output_headers_len(uint8_t family); /* IP and UDP */

/* For stack_add: a packet of lwIP's, which sends none but what it gets here. */
err_t output_packet(struct netif *netif, struct pbuf *p);
/* A packet that waited for its neighbour. */
void output_waited(struct nic *nic, const uint8_t *mac, struct pbuf *p);
void output_flush(void);

#endif

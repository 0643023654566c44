/* What becomes of a received frame: checked, its ICMP too big read, the rest through lwIP to the owner. */
#ifndef OUTER_INPUT_H
#define OUTER_INPUT_H

#include <linux/virtio_net.h>

#include <lwip/udp.h>
#include "outer/nic.h"

typedef void input_deliver_fn(const struct inet_flow *from, uint8_t ds, uint8_t *bytes, size_t len, size_t segment_len);

/* batch_over is called when the buffer for reassembled datagrams is needed again within a batch. */
void input_open(struct outer_stats *stats, input_deliver_fn *deliver, void (*batch_over)(void));
void input_frame(struct nic *nic, uint8_t *frame, size_t len, const struct virtio_net_hdr *vnet, uint64_t now_ns);
void input_batch_over(void);

/* Within deliver: the NIC and the MAC that the frame at hand came from. NULL: none to answer to. */
struct nic *input_from(uint8_t *mac);

/* lwIP's udp_recv_fn. */
void input_datagram(void *arg, struct udp_pcb *pcb, struct pbuf *p, const ip_addr_t *addr, u16_t port);

#endif

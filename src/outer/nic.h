/* Owns the AF_PACKET side: one socket per NIC, opened by whoever may; frames read in batches, frames queued and sent in batches. */
#ifndef OUTER_NIC_H
#define OUTER_NIC_H

#include <linux/virtio_net.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/loop.h"
#include <lwip/netif.h>
#include <lwip/pbuf.h>
#include "outer/host.h"

enum {
	NIC_PAD = 2,             /* lwIP's ETH_PAD_SIZE, before every frame */
	NIC_ETH_LEN = 14,
	NIC_ETH_TYPE_AT = 12,
	NIC_FRAME_MAX = 65536 + NIC_ETH_LEN,
	NIC_QUEUE_MAX = 384,     /* frames between two flushes */
};

struct nic {
	bool used;
	bool gso;                /* takes super-frames */
	struct outer_link link;
	struct loop_source source;
	struct netif netif;      /* netif.state is the nic */
};

/* fd is a packet socket of the link (outer/packet_socket.h), and taken over. */
void nic_open(struct nic *nic, const struct outer_link *link, int fd);
void nic_close(struct nic *nic);
/* False: the device is gone that it was opened on. Another may have its index, its name and its MAC by now. */
bool nic_is_there(const struct nic *nic);
int nic_set_port(struct nic *nic, uint16_t port);

/* frame has NIC_PAD bytes before it and is good until the next nic_receive of any NIC. */
typedef void nic_frame_fn(struct nic *nic, uint8_t *frame, size_t len, const struct virtio_net_hdr *vnet);

/* Reads one batch: how many frames came, 0 when none waits, -errno. Truncated ones are counted in *dropped. */
int nic_receive(struct nic *nic, nic_frame_fn *each, uint64_t *dropped);

/* Queues an Ethernet frame of lwIP (with its pad), holding the pbuf until nic_flush. A UDP datagram that is no
 * fragment and has no checksum gets one by the hardware; segment_len > 0 makes it a super-frame. -ENOBUFS. */
int nic_queue(struct nic *nic, struct pbuf *p, size_t segment_len);
size_t nic_queue_room(void);
void nic_flush(struct outer_stats *stats);

#endif

#include "outer/nic.h"

#include <errno.h>
#include <linux/if_ether.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/ip.h"
#include "outer/packet_socket.h"

#ifndef VIRTIO_NET_HDR_GSO_UDP_L4
#define VIRTIO_NET_HDR_GSO_UDP_L4 5
#endif

enum {
	RECEIVE_BATCH = 32,
	FRAME_STRIDE = (NIC_PAD + NIC_FRAME_MAX + 63) / 64 * 64,
	QUEUE_IOV = 6, /* vnet header; headers, fragment header, and what a fragment can span */
	HEADERS_MAX = NIC_ETH_LEN + IP6_LEN + UDP_LEN,
};

struct frame {
	struct nic *nic;
	struct pbuf *p; /* held */
	struct virtio_net_hdr vnet;
	struct iovec iov[QUEUE_IOV];
};

/* One batch is read at a time and one queue is filled at a time, whatever the number of NICs. */
static _Alignas(64) uint8_t received[RECEIVE_BATCH][FRAME_STRIDE];
static struct virtio_net_hdr received_vnet[RECEIVE_BATCH];
static struct iovec received_iov[RECEIVE_BATCH][2];
static struct mmsghdr received_messages[RECEIVE_BATCH];

static struct frame queue[NIC_QUEUE_MAX];
static struct mmsghdr queue_messages[NIC_QUEUE_MAX];
static size_t queue_len;

void nic_open(struct nic *nic, const struct outer_link *link, int fd)
{
	nic->source.fd = fd;
	nic->link = *link;
	nic->used = true;
}

void nic_close(struct nic *nic)
{
	close(nic->source.fd);
	nic->source.fd = -1;
	nic->used = false;
}

bool nic_is_there(const struct nic *nic)
{
	return packet_socket_is_of(nic->source.fd, nic->link.index);
}

int nic_set_port(struct nic *nic, uint16_t port)
{
	return packet_socket_set_port(nic->source.fd, nic->link.alone, port);
}

static void receive_setup(void)
{
	if (received_messages[0].msg_hdr.msg_iovlen)
		return;
	for (size_t i = 0; i < RECEIVE_BATCH; i++) {
		received_iov[i][0] = (struct iovec){ &received_vnet[i], sizeof(received_vnet[i]) };
		received_iov[i][1] = (struct iovec){ received[i] + NIC_PAD, NIC_FRAME_MAX };
		received_messages[i].msg_hdr.msg_iov = received_iov[i];
		received_messages[i].msg_hdr.msg_iovlen = 2;
	}
}

int nic_receive(struct nic *nic, nic_frame_fn *each, uint64_t *dropped)
{
	int count;

	receive_setup();
	count = recvmmsg(nic->source.fd, received_messages, RECEIVE_BATCH, MSG_DONTWAIT, NULL);
	if (count < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	for (int i = 0; i < count; i++) {
		size_t len = received_messages[i].msg_len;

		if (len < sizeof(received_vnet[i]) + NIC_ETH_LEN ||
		    received_messages[i].msg_hdr.msg_flags & MSG_TRUNC) {
			++*dropped;
			continue;
		}
		each(nic, received[i] + NIC_PAD, len - sizeof(received_vnet[i]), &received_vnet[i]);
	}
	return count;
}

/* Of a whole UDP datagram: where its UDP header is in the frame, else 0. frame holds len contiguous bytes. */
static size_t udp_at(const uint8_t *frame, size_t len)
{
	const uint8_t *ip = frame + NIC_ETH_LEN;

	if (len < NIC_ETH_LEN + IP4_LEN + UDP_LEN)
		return 0;
	switch (load_be16(frame + NIC_ETH_TYPE_AT)) {
	case ETH_P_IP: /* lwIP sends no options but with IGMP */
		return ip[0] == IP4_PLAIN && ip[IP4_PROTOCOL_AT] == IPPROTO_UDP &&
				       !(load_be16(ip + IP4_FRAGMENT_AT) & IP4_MORE_OR_OFFSET) ?
			       NIC_ETH_LEN + IP4_LEN : 0;
	case ETH_P_IPV6:
		return len >= HEADERS_MAX && ip[IP6_NEXT_AT] == IPPROTO_UDP ? NIC_ETH_LEN + IP6_LEN : 0;
	default:
		return 0;
	}
}

/* Of an IPv4 packet: each segment of a super-frame takes a number (RFC 6864), lwIP counts one for all. */
static void number(uint8_t *ip, size_t segments)
{
	static uint16_t next;

	store_be16(ip + IP4_ID_AT, next);
	next = (uint16_t)(next + segments);
	ip4_sum_put(ip, IP4_LEN);
}

static void offload(struct frame *f, uint8_t *frame, size_t at, size_t frame_len, size_t segment_len)
{
	struct virtio_net_hdr *vnet = &f->vnet;
	size_t payload_len = frame_len - at - UDP_LEN;

	if (at == NIC_ETH_LEN + IP4_LEN)
		number(frame + NIC_ETH_LEN, segment_len ? (payload_len + segment_len - 1) / segment_len : 1);
	sum_put_open(frame + at + UDP_SUM_AT, ip_pseudo_sum(frame + NIC_ETH_LEN, IPPROTO_UDP, frame_len - at));
	vnet->flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
	vnet->csum_start = (uint16_t)at;
	vnet->csum_offset = UDP_SUM_AT;
	if (!segment_len)
		return;
	vnet->gso_type = VIRTIO_NET_HDR_GSO_UDP_L4;
	vnet->gso_size = (uint16_t)segment_len;
	vnet->hdr_len = (uint16_t)(at + UDP_LEN);
}

size_t nic_queue_room(void)
{
	return NIC_QUEUE_MAX - queue_len;
}

int nic_queue(struct nic *nic, struct pbuf *p, size_t segment_len)
{
	struct frame *f = &queue[queue_len];
	uint8_t *frame = (uint8_t *)p->payload + NIC_PAD;
	size_t first_len = p->len - (size_t)NIC_PAD, at;
	uint8_t parts = 1; /* fits msg_iovlen, an int in musl and a size_t in glibc */

	if (queue_len == NIC_QUEUE_MAX)
		return -ENOBUFS;
	f->iov[0] = (struct iovec){ &f->vnet, sizeof(f->vnet) };
	f->iov[parts++] = (struct iovec){ frame, first_len };
	for (struct pbuf *q = p->next; q; q = q->next) {
		if (parts == QUEUE_IOV)
			return -ENOBUFS;
		f->iov[parts++] = (struct iovec){ q->payload, q->len };
	}
	memset(&f->vnet, 0, sizeof(f->vnet));
	at = udp_at(frame, first_len);
	if (at && !load_be16(frame + at + UDP_SUM_AT))
		offload(f, frame, at, p->tot_len - (size_t)NIC_PAD, segment_len);
	pbuf_ref(p);
	f->p = p;
	f->nic = nic;
	queue_messages[queue_len++].msg_hdr = (struct msghdr){ .msg_iov = f->iov, .msg_iovlen = parts };
	return 0;
}

/* One datagram of a super-frame that the kernel refused; payload at offset in the super-frame's. */
static bool send_part(const struct frame *f, size_t offset, size_t len)
{
	uint8_t headers[HEADERS_MAX];
	size_t at = f->vnet.csum_start, headers_len = at + UDP_LEN;
	struct virtio_net_hdr vnet = {
		.flags = f->vnet.flags, .csum_start = f->vnet.csum_start, .csum_offset = f->vnet.csum_offset,
	};
	struct iovec iov[3] = {
		{ &vnet, sizeof(vnet) },
		{ headers, headers_len },
		{ (uint8_t *)f->iov[2].iov_base + offset, len },
	};
	const struct msghdr message = { .msg_iov = iov, .msg_iovlen = 3 };
	uint8_t *ip = headers + NIC_ETH_LEN;

	memcpy(headers, f->iov[1].iov_base, headers_len);
	store_be16(headers + at + UDP_LEN_AT, (uint16_t)(UDP_LEN + len));
	if (at == NIC_ETH_LEN + IP4_LEN) {
		store_be16(ip + IP4_TOTAL_AT, (uint16_t)(IP4_LEN + UDP_LEN + len));
		store_be16(ip + IP4_ID_AT, (uint16_t)(load_be16(ip + IP4_ID_AT) + offset / f->vnet.gso_size));
		ip4_sum_put(ip, IP4_LEN);
	} else {
		store_be16(ip + IP6_PAYLOAD_AT, (uint16_t)(UDP_LEN + len));
	}
	sum_put_open(headers + at + UDP_SUM_AT, ip_pseudo_sum(ip, IPPROTO_UDP, UDP_LEN + len));
	return sendmsg(f->nic->source.fd, &message, MSG_DONTWAIT) >= 0;
}

static void send_parts(const struct frame *f, struct outer_stats *stats)
{
	size_t left = f->iov[2].iov_len, offset = 0;

	while (left) {
		size_t len = left < f->vnet.gso_size ? left : f->vnet.gso_size;

		if (send_part(f, offset, len))
			stats->tx_frames++;
		else
			stats->tx_dropped++;
		offset += len;
		left -= len;
	}
}

/* The first frame of the run failed: mend it or drop it. */
static void failed(const struct frame *f, int err, struct outer_stats *stats)
{
	/* A kernel before 6.2, or a device that takes no GSO at all: single frames from now on. */
	if (f->vnet.gso_type && (err == EINVAL || err == EOPNOTSUPP || err == EMSGSIZE)) {
		if (f->nic->gso)
			stats->gso_refused++;
		f->nic->gso = false;
		send_parts(f, stats);
		return;
	}
	stats->tx_dropped++;
}

void nic_flush(struct outer_stats *stats)
{
	size_t done = 0, end;

	while (done < queue_len) {
		struct nic *nic = queue[done].nic;
		int sent;

		for (end = done + 1; end < queue_len && queue[end].nic == nic;)
			end++;
		sent = sendmmsg(nic->source.fd, &queue_messages[done], (unsigned)(end - done), MSG_DONTWAIT);
		if (sent > 0) {
			stats->tx_frames += (unsigned)sent;
			done += (unsigned)sent;
			continue;
		}
		if (sent < 0 && errno == EINTR)
			continue;
		failed(&queue[done++], errno, stats);
	}
	for (size_t i = 0; i < queue_len; i++)
		pbuf_free(queue[i].p);
	queue_len = 0;
}

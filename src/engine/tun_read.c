/* Reading from a TUN: super-packets are split, and what the kernel left undone is done. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "engine/tun.h"
#include "engine/tun_headers.h"

static bool finish_checksum(uint8_t *packet, size_t len, const struct virtio_net_hdr *vnet)
{
	size_t at = vnet->csum_start, field = at + vnet->csum_offset;

	if (!(vnet->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM))
		return true;
	if (at >= len || field + 2 > len)
		return false;
	/* The field holds the pseudo header's sum. Ones for zero is right for UDP and the same number for the others. */
	sum_put_udp(packet + field, sum_bytes(0, packet + at, len - at));
	return true;
}

/* Lengths, number, flags and checksum of one segment whose header stands at packet; payload_sum is its payload's. */
static void write_headers(struct tun_split *split, uint8_t *packet, size_t payload_len, bool first, uint64_t payload_sum)
{
	uint8_t *l4 = packet + split->l4_at;
	size_t l4_len = split->header_len - split->l4_at + payload_len;
	uint64_t sum = sum_be16(sum_word(payload_sum, split->sum), (uint32_t)l4_len);
	bool last = payload_len == split->left;

	if (ip_version(packet) == 4) {
		store_be16(packet + IP4_TOTAL_AT, (uint16_t)(split->l4_at + l4_len));
		store_be16(packet + IP4_ID_AT, split->id++);
		ip4_sum_put(packet, split->l4_at);
	} else {
		store_be16(packet + IP6_PAYLOAD_AT, (uint16_t)(split->l4_at - IP6_LEN + l4_len));
	}
	if (split->l4 == IPPROTO_UDP) {
		store_be16(l4 + UDP_LEN_AT, (uint16_t)l4_len);
		store_be16(l4 + UDP_SUM_AT, 0);
		sum_put_udp(l4 + UDP_SUM_AT, sum_bytes(sum, l4, UDP_LEN));
		return;
	}
	store_be16(l4 + TCP_SEQ_AT, (uint16_t)(split->seq >> 16));
	store_be16(l4 + TCP_SEQ_AT + 2, (uint16_t)split->seq);
	split->seq += (uint32_t)payload_len;
	if (!last)
		l4[TCP_FLAGS_AT] &= (uint8_t)~(TCP_FIN | TCP_PSH);
	if (!first)
		l4[TCP_FLAGS_AT] &= (uint8_t)~TCP_CWR;
	store_be16(l4 + TCP_CHECKSUM_AT, 0);
	sum_put(l4 + TCP_CHECKSUM_AT, sum_bytes(sum, l4, split->header_len - split->l4_at));
}

/* A super-packet's headers: false when they make no sense. packet holds at least TUN_HEADER_MAX bytes, or len. */
static bool read_headers(struct tun_split *split, const uint8_t *packet, size_t len, const struct virtio_net_hdr *vnet)
{
	size_t l4_at = vnet->csum_start, l4_len_min, header_len;
	uint8_t version = ip_version(packet);

	if (!(vnet->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) || !vnet->gso_size)
		return false;
	if (version == 4 ? l4_at < IP4_LEN || l4_at != ip4_header_len(packet) : version != 6 || l4_at < IP6_LEN)
		return false;
	switch (vnet->gso_type & ~VIRTIO_NET_HDR_GSO_ECN) {
	case VIRTIO_NET_HDR_GSO_TCPV4:
	case VIRTIO_NET_HDR_GSO_TCPV6:
		split->l4 = IPPROTO_TCP;
		l4_len_min = TCP_LEN;
		break;
	case VIRTIO_NET_HDR_GSO_UDP_L4:
		split->l4 = IPPROTO_UDP;
		l4_len_min = UDP_LEN;
		break;
	default:
		return false;
	}
	if (l4_at + l4_len_min > TUN_HEADER_MAX || l4_at + l4_len_min > len)
		return false;
	header_len = l4_at + (split->l4 == IPPROTO_TCP ? (size_t)(packet[l4_at + TCP_DATA_AT] >> 4) * 4 : UDP_LEN);
	if (header_len < l4_at + l4_len_min || header_len > TUN_HEADER_MAX || header_len >= len || header_len + vnet->gso_size > TUN_MTU_MAX)
		return false;
	split->l4_at = l4_at;
	split->header_len = header_len;
	split->segment_len = vnet->gso_size;
	split->left = len - header_len;
	split->id = load_be16(packet + IP4_ID_AT);
	split->seq = (uint32_t)load_be16(packet + l4_at + TCP_SEQ_AT) << 16 | load_be16(packet + l4_at + TCP_SEQ_AT + 2);
	split->sum = sum_fold(ip_addresses_sum(packet, split->l4));
	memcpy(split->header, packet, header_len);
	return true;
}

/* The first segment stays where the kernel put it, chunk bytes at packet; what else is there goes before the rest in
 * tun->in, so that the payload to come is in one piece. Returns the segment's length. */
static size_t first_segment(struct tun *tun, uint8_t *packet, size_t chunk)
{
	struct tun_split *split = &tun->split;
	uint8_t *rest = tun->in + TUN_MTU_MAX;
	size_t payload_len = split->left < split->segment_len ? split->left : split->segment_len;
	size_t end = split->header_len + payload_len;

	if (end > chunk) {
		memcpy(packet + chunk, rest, end - chunk);
		split->payload = rest + (end - chunk);
	} else {
		memcpy(rest - (chunk - end), packet + end, chunk - end);
		split->payload = rest - (chunk - end);
	}
	write_headers(split, packet, payload_len, true, sum_bytes(0, packet + split->header_len, payload_len));
	split->left -= payload_len;
	return end;
}

static size_t next_segment(struct tun_split *split, uint8_t *packet)
{
	size_t payload_len = split->left < split->segment_len ? split->left : split->segment_len;
	uint64_t sum = sum_copy(0, packet + split->header_len, split->payload, payload_len);

	memcpy(packet, split->header, split->header_len);
	write_headers(split, packet, payload_len, false, sum);
	split->payload += payload_len;
	split->left -= payload_len;
	return split->header_len + payload_len;
}

/* One read into packet and tun->in: the length of the packet in packet, 0 when nothing waits or (-EBADMSG) it was malformed. */
static int read_one(struct tun *tun, uint8_t *packet)
{
	size_t room = tun->mtu_bytes > TUN_HEADER_MAX ? tun->mtu_bytes : TUN_HEADER_MAX, len, chunk;
	struct virtio_net_hdr vnet = { 0 };
	struct iovec iov[3] = {
		{ &vnet, sizeof(vnet) },
		{ packet, room },
		{ tun->in + TUN_MTU_MAX, sizeof(tun->in) - TUN_MTU_MAX },
	};
	ssize_t n = readv(tun->fd, tun->vnet ? iov : iov + 1, tun->vnet ? 3 : 2);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	tun->stats.reads++;
	len = (size_t)n - (tun->vnet ? sizeof(vnet) : 0);
	if (n <= (ssize_t)(tun->vnet ? sizeof(vnet) : 0))
		return -EBADMSG;
	chunk = len < room ? len : room;
	if (vnet.gso_type != VIRTIO_NET_HDR_GSO_NONE)
		return read_headers(&tun->split, packet, len, &vnet) ? (int)first_segment(tun, packet, chunk) : -EBADMSG;
	if (len > TUN_MTU_MAX)
		return -EBADMSG;
	memcpy(packet + chunk, tun->in + TUN_MTU_MAX, len - chunk);
	return finish_checksum(packet, len, &vnet) ? (int)len : -EBADMSG;
}

/* What the packet's slot takes beyond its headroom. One that is longer than limit (the MTU just changed) may get any
 * padding. */
static size_t slot_len(const struct tun_layout *layout, size_t len)
{
	size_t up = (len + layout->align - 1) / layout->align * layout->align;

	if (len > layout->limit)
		up = len + layout->align - 1;
	else if (up > layout->limit)
		up = layout->limit;
	return up + layout->tailroom;
}

size_t tun_room(const struct tun_layout *layout)
{
	return layout->headroom + (size_t)TUN_MTU_MAX + layout->align + layout->tailroom;
}

int tun_read(struct tun *tun, const struct tun_layout *layout, uint8_t *buf, size_t cap, struct tun_packet *packets,
	     size_t packet_cap, size_t *used)
{
	struct tun_split *split = &tun->split;
	size_t at = 0, count = 0;

	*used = 0;
	if (!packet_cap || cap < tun_room(layout))
		return -EINVAL;
	if (!split->left) {
		int n;

		while ((n = read_one(tun, buf + layout->headroom)) == -EBADMSG) {
			split->left = 0;
			tun->stats.read_dropped++;
		}
		if (n <= 0)
			return n;
		packets[count++] = (struct tun_packet){ buf + layout->headroom, (size_t)n };
		at = layout->headroom + slot_len(layout, (size_t)n);
	}
	while (split->left && count < packet_cap) {
		size_t len = split->header_len + (split->left < split->segment_len ? split->left : split->segment_len);

		if (cap - at < layout->headroom + slot_len(layout, len))
			break;
		packets[count].bytes = buf + at + layout->headroom;
		packets[count].len = next_segment(split, packets[count].bytes);
		at += layout->headroom + slot_len(layout, len);
		count++;
	}
	tun->stats.read_packets += count;
	*used = at;
	return (int)count;
}

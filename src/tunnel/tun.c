#include "tunnel/tun.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <linux/if_tun.h>
#include <linux/rtnetlink.h>
#include <linux/virtio_net.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/sum.h"
#include "netlink/netlink.h"
#include "netlink/netns.h"

#ifndef TUN_F_USO4
#define TUN_F_USO4 0x20
#define TUN_F_USO6 0x40
#endif
#ifndef VIRTIO_NET_HDR_GSO_UDP_L4
#define VIRTIO_NET_HDR_GSO_UDP_L4 5
#endif

enum {
	MTU_AT_START = 1420,
	IP4_LEN = 20,
	IP6_LEN = 40,
	TCP_LEN = 20,
	UDP_LEN = 8,
	IP_LEN_MAX = 65535,
	COALESCE_MAX = 64,      /* packets in one write */
	TCP_SEQ_AT = 4,
	TCP_DATA_AT = 12,
	TCP_FLAGS_AT = 13,
	TCP_CHECKSUM_AT = 16,
	UDP_LEN_AT = 4,
	UDP_CHECKSUM_AT = 6,
	TCP_FIN = 0x01,
	TCP_PSH = 0x08,
	TCP_ACK = 0x10,
	TCP_CWR = 0x80,
	IP_MORE_OR_OFFSET = 0x3fff,
	NO_IOV = UINT16_MAX,
};

/* Opening. */

struct opening {
	struct tun *tun;
	const char *name;
	unsigned flags;
};

static void set_offload(struct tun *tun, unsigned flags)
{
	const unsigned tso = TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6, uso = TUN_F_USO4 | TUN_F_USO6;

	/* TSO since 2.6.27, USO since 6.2. */
	if (!(flags & TUN_NO_USO) && ioctl(tun->fd, TUNSETOFFLOAD, (unsigned long)(tso | uso)) == 0)
		tun->tso = tun->uso = true;
	else if (ioctl(tun->fd, TUNSETOFFLOAD, (unsigned long)tso) == 0)
		tun->tso = true;
}

/* So that a super-packet is at most one outer super-frame. An older kernel does not let these be set: then it is two. */
static void limit_gso(uint32_t index)
{
	static struct nl nl;

	if (nl_open(&nl, NETLINK_ROUTE) == 0) {
		struct nlmsghdr *message = nl_begin(&nl, RTM_NEWLINK, 0, sizeof(struct ifinfomsg));
		struct ifinfomsg *info = mnl_nlmsg_get_payload(message);

		info->ifi_index = (int)index;
		mnl_attr_put_u32(message, IFLA_GSO_MAX_SIZE, TUN_GSO_SIZE);
		mnl_attr_put_u32(message, IFLA_GSO_MAX_SEGS, TUN_GSO_SEGMENTS);
		(void)nl_request(&nl, message, NULL, NULL);
	}
	nl_close(&nl);
}

static int open_here(void *arg)
{
	const struct opening *opening = arg;
	struct tun *tun = opening->tun;
	struct ifreq request;
	int header_len = sizeof(struct virtio_net_hdr);

	tun->fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);
	if (tun->fd < 0)
		return -errno;
	memset(&request, 0, sizeof(request));
	memcpy(request.ifr_name, opening->name, strlen(opening->name));
	tun->vnet = !(opening->flags & TUN_NO_VNET);
	request.ifr_flags = (short)(IFF_TUN | IFF_NO_PI | (tun->vnet ? IFF_VNET_HDR : 0));
	if (ioctl(tun->fd, TUNSETIFF, &request) < 0)
		return -errno;
	if (tun->vnet) {
		if (ioctl(tun->fd, TUNSETVNETHDRSZ, &header_len) < 0)
			return -errno;
		set_offload(tun, opening->flags);
	}
	memcpy(tun->name, request.ifr_name, sizeof(tun->name));
	tun->index = if_nametoindex(tun->name);
	if (!tun->index)
		return -errno;
	if (tun->tso)
		limit_gso(tun->index);
	return 0;
}

static void forget_queue(struct tun *tun)
{
	tun->item_count = tun->iov_count = 0;
	memset(tun->flows, 0, sizeof(tun->flows));
}

int tun_open(struct tun *tun, const char *name, int netns_fd, unsigned flags)
{
	struct opening opening = { tun, name, flags };
	int err;

	tun->fd = -1;
	tun->index = 0;
	tun->vnet = tun->tso = tun->uso = false;
	tun->mtu_bytes = MTU_AT_START;
	memset(&tun->stats, 0, sizeof(tun->stats));
	memset(&tun->split, 0, sizeof(tun->split));
	forget_queue(tun);
	if (!*name || strlen(name) >= IFNAMSIZ)
		return -EINVAL;
	err = netns_call(netns_fd, open_here, &opening);
	if (err < 0)
		tun_close(tun);
	return err;
}

void tun_close(struct tun *tun)
{
	if (tun->fd >= 0)
		close(tun->fd);
	tun->fd = -1;
}

void tun_set_mtu(struct tun *tun, uint32_t mtu_bytes)
{
	tun->mtu_bytes = mtu_bytes > TUN_MTU_MAX ? TUN_MTU_MAX : mtu_bytes;
}

/* Reading: what the kernel left undone, done. */

static uint64_t addresses_sum(const uint8_t *ip, uint8_t protocol)
{
	uint64_t sum = ip[0] >> 4 == 4 ? sum_bytes(0, ip + 12, 8) : sum_bytes(0, ip + 8, 32);

	return sum_be16(sum, protocol);
}

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

	if (packet[0] >> 4 == 4) {
		store_be16(packet + 2, (uint16_t)(split->l4_at + l4_len));
		store_be16(packet + 4, split->id++);
		store_be16(packet + 10, 0);
		sum_put(packet + 10, sum_bytes(0, packet, split->l4_at));
	} else {
		store_be16(packet + 4, (uint16_t)(split->l4_at - IP6_LEN + l4_len));
	}
	if (split->l4 == IPPROTO_UDP) {
		store_be16(l4 + UDP_LEN_AT, (uint16_t)l4_len);
		store_be16(l4 + UDP_CHECKSUM_AT, 0);
		sum_put_udp(l4 + UDP_CHECKSUM_AT, sum_bytes(sum, l4, UDP_LEN));
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
	uint8_t version = packet[0] >> 4;

	if (!(vnet->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) || !vnet->gso_size)
		return false;
	if (version == 4 ? l4_at < IP4_LEN || l4_at != (size_t)(packet[0] & 15) * 4 : version != 6 || l4_at < IP6_LEN)
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
	split->id = load_be16(packet + 4);
	split->seq = (uint32_t)load_be16(packet + l4_at + TCP_SEQ_AT) << 16 | load_be16(packet + l4_at + TCP_SEQ_AT + 2);
	split->sum = sum_fold(addresses_sum(packet, split->l4));
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

/* Writing: packets of one flow put together. */

struct parsed {
	uint8_t l4;        /* 0: neither TCP nor UDP, or in fragments */
	bool mergeable, psh;
	size_t l4_at, header_len, payload_len;
	uint32_t seq;
	size_t slot;
};

static size_t flow_slot(const uint8_t *packet, size_t addresses_at, size_t addresses_len, const uint8_t *ports)
{
	uint64_t hash = 0, word = 0;

	for (size_t i = 0; i < addresses_len; i += sizeof(word)) {
		memcpy(&word, packet + addresses_at + i, sizeof(word));
		hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
	}
	word = 0;
	memcpy(&word, ports, 4);
	hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
	return (hash >> 40) % TUN_FLOW_SLOTS;
}

static uint8_t parse_ip(const uint8_t *packet, size_t len, size_t *l4_at)
{
	if (len < IP4_LEN)
		return 0;
	if (packet[0] == 0x45) {
		*l4_at = IP4_LEN;
		return load_be16(packet + 2) == len && !(load_be16(packet + 6) & IP_MORE_OR_OFFSET) ? packet[9] : 0;
	}
	*l4_at = IP6_LEN;
	return packet[0] >> 4 == 6 && len >= IP6_LEN && load_be16(packet + 4) + (size_t)IP6_LEN == len ? packet[6] : 0;
}

static void parse_tcp(struct parsed *p, const uint8_t *tcp, size_t l4_len)
{
	size_t header_len = (size_t)(tcp[TCP_DATA_AT] >> 4) * 4;

	if (header_len < TCP_LEN || header_len > l4_len) {
		p->l4 = 0;
		return;
	}
	p->header_len = p->l4_at + header_len;
	p->payload_len = l4_len - header_len;
	p->seq = (uint32_t)load_be16(tcp + TCP_SEQ_AT) << 16 | load_be16(tcp + TCP_SEQ_AT + 2);
	p->psh = tcp[TCP_FLAGS_AT] & TCP_PSH;
	p->mergeable = p->payload_len && (tcp[TCP_FLAGS_AT] & ~TCP_PSH) == TCP_ACK;
}

static void parse_udp(struct parsed *p, const uint8_t *udp, size_t l4_len)
{
	/* Without a checksum it stays without, and its super-packet could not be. */
	if (load_be16(udp + UDP_LEN_AT) != l4_len || !load_be16(udp + UDP_CHECKSUM_AT)) {
		p->l4 = 0;
		return;
	}
	p->header_len = p->l4_at + UDP_LEN;
	p->payload_len = l4_len - UDP_LEN;
	p->mergeable = p->payload_len > 0;
}

static void parse(struct parsed *p, const uint8_t *packet, size_t len)
{
	size_t l4_len;

	*p = (struct parsed){ 0 };
	p->l4 = parse_ip(packet, len, &p->l4_at);
	l4_len = len - p->l4_at;
	if (p->l4 == IPPROTO_TCP && l4_len >= TCP_LEN)
		parse_tcp(p, packet + p->l4_at, l4_len);
	else if (p->l4 == IPPROTO_UDP && l4_len >= UDP_LEN)
		parse_udp(p, packet + p->l4_at, l4_len);
	else
		p->l4 = 0;
	if (p->l4 && p->l4_at == IP4_LEN)
		p->slot = flow_slot(packet, 12, 8, packet + IP4_LEN);
	else if (p->l4)
		p->slot = flow_slot(packet, 8, 32, packet + IP6_LEN);
}

/* Everything that one header for both must say. The kernel numbers the IPv4 packets anew if it takes them apart. */
static bool same_headers(const uint8_t *a, const uint8_t *b, const struct parsed *p)
{
	const uint8_t *x = a + p->l4_at, *y = b + p->l4_at;

	if (p->l4_at == IP4_LEN ? memcmp(a, b, 2) != 0 || memcmp(a + 6, b + 6, 3) != 0 || memcmp(a + 12, b + 12, 8) != 0 :
				  memcmp(a, b, 4) != 0 || memcmp(a + 7, b + 7, 33) != 0)
		return false;
	if (memcmp(x, y, 4) != 0)
		return false;
	if (p->l4 == IPPROTO_UDP)
		return true;
	return memcmp(x + 8, y + 8, 5) == 0 && (x[TCP_FLAGS_AT] & ~TCP_PSH) == (y[TCP_FLAGS_AT] & ~TCP_PSH) &&
	       memcmp(x + 14, y + 14, 2) == 0 && memcmp(x + TCP_LEN, y + TCP_LEN, p->header_len - p->l4_at - TCP_LEN) == 0;
}

/* Poly1305 vouches for what the peer sent, but not for how it came there. */
static bool sum_is_whole(const uint8_t *packet, const struct parsed *p)
{
	size_t l4_len = p->header_len - p->l4_at + p->payload_len;
	uint64_t sum = sum_be16(addresses_sum(packet, p->l4), (uint32_t)l4_len);

	return sum_is_right(sum_bytes(sum, packet + p->l4_at, l4_len));
}

static bool first_is_whole(struct tun_item *item)
{
	const struct parsed p = { .l4 = item->l4, .l4_at = item->l4_at, .header_len = item->header_len,
				  .payload_len = item->segment_len };

	item->checked = item->checked || sum_is_whole(item->packet, &p);
	return item->checked;
}

static bool can_follow(const struct tun *tun, struct tun_item *item, const uint8_t *packet, const struct parsed *p)
{
	return (p->l4 == IPPROTO_TCP ? tun->tso : tun->uso) && p->mergeable && item->l4 == p->l4 &&
	       item->l4_at == p->l4_at && item->header_len == p->header_len && p->payload_len <= item->segment_len &&
	       item->iov_count < COALESCE_MAX && item->len + p->payload_len <= IP_LEN_MAX &&
	       (p->l4 == IPPROTO_UDP || item->next_seq == p->seq) && same_headers(item->packet, packet, p) &&
	       first_is_whole(item) && sum_is_whole(packet, p);
}

static uint16_t put_iov(struct tun *tun, uint8_t *bytes, size_t len)
{
	tun->iov[tun->iov_count] = (struct iovec){ bytes, len };
	tun->iov_next[tun->iov_count] = NO_IOV;
	return (uint16_t)tun->iov_count++;
}

static void follow(struct tun *tun, struct tun_item *item, uint8_t *packet, const struct parsed *p)
{
	uint16_t iov = put_iov(tun, packet + p->header_len, p->payload_len);

	tun->iov_next[item->last_iov] = iov;
	item->last_iov = iov;
	item->iov_count++;
	item->len += p->payload_len;
	item->next_seq += (uint32_t)p->payload_len;
	item->psh = p->psh;
}

void tun_write(struct tun *tun, uint8_t *packet, size_t len)
{
	struct tun_item *item;
	struct parsed p;

	if (!len || len > IP_LEN_MAX) {
		tun->stats.write_dropped++;
		return;
	}
	if (tun->item_count == TUN_WRITE_MAX || tun->iov_count == TUN_IOV_MAX)
		tun_flush(tun);
	tun->stats.write_packets++;
	parse(&p, packet, len);
	if (p.l4 && tun->flows[p.slot]) {
		item = &tun->items[tun->flows[p.slot] - 1];
		if (can_follow(tun, item, packet, &p)) {
			follow(tun, item, packet, &p);
			if (p.psh || p.payload_len < item->segment_len)
				tun->flows[p.slot] = 0;
			return;
		}
		tun->flows[p.slot] = 0; /* what follows of that flow comes after this packet */
	}
	item = &tun->items[tun->item_count++];
	*item = (struct tun_item){
		.packet = packet, .len = len, .l4 = p.l4, .l4_at = (uint16_t)p.l4_at,
		.header_len = (uint16_t)p.header_len, .segment_len = (uint16_t)p.payload_len,
		.next_seq = p.seq + (uint32_t)p.payload_len, .psh = p.psh, .iov_count = 1,
	};
	item->first_iov = item->last_iov = put_iov(tun, packet, len);
	if (p.mergeable && !p.psh)
		tun->flows[p.slot] = (uint16_t)tun->item_count;
}

/* The first packet's headers speak for all; the kernel or the hardware is to finish the checksum. One that is alone goes as
 * it came. */
static void prepare(struct tun_item *item, struct virtio_net_hdr *vnet)
{
	uint8_t *ip = item->packet, *l4 = ip + item->l4_at;
	size_t l4_len = item->len - item->l4_at;
	bool tcp = item->l4 == IPPROTO_TCP;

	if (item->iov_count == 1)
		return;
	vnet->flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
	vnet->csum_start = item->l4_at;
	vnet->csum_offset = tcp ? TCP_CHECKSUM_AT : UDP_CHECKSUM_AT;
	sum_put_open(l4 + vnet->csum_offset, sum_be16(addresses_sum(ip, item->l4), (uint32_t)l4_len));
	vnet->hdr_len = item->header_len;
	vnet->gso_size = item->segment_len;
	if (item->l4_at == IP4_LEN) {
		store_be16(ip + 2, (uint16_t)item->len);
		store_be16(ip + 10, 0);
		sum_put(ip + 10, sum_bytes(0, ip, IP4_LEN));
	} else {
		store_be16(ip + 4, (uint16_t)l4_len);
	}
	if (!tcp) {
		vnet->gso_type = VIRTIO_NET_HDR_GSO_UDP_L4;
		store_be16(l4 + UDP_LEN_AT, (uint16_t)l4_len);
		return;
	}
	vnet->gso_type = item->l4_at == IP4_LEN ? VIRTIO_NET_HDR_GSO_TCPV4 : VIRTIO_NET_HDR_GSO_TCPV6;
	if (item->psh)
		l4[TCP_FLAGS_AT] |= TCP_PSH;
}

static void write_item(struct tun *tun, struct tun_item *item)
{
	struct virtio_net_hdr vnet = { 0 };
	struct iovec iov[1 + COALESCE_MAX];
	int count = 0;

	if (tun->vnet) {
		iov[count++] = (struct iovec){ &vnet, sizeof(vnet) };
		prepare(item, &vnet);
	}
	for (uint32_t i = item->first_iov; i != NO_IOV; i = tun->iov_next[i])
		iov[count++] = tun->iov[i];
	tun->stats.writes++;
	if (writev(tun->fd, iov, count) < 0)
		tun->stats.write_dropped += item->iov_count;
}

void tun_flush(struct tun *tun)
{
	for (size_t i = 0; i < tun->item_count; i++)
		write_item(tun, &tun->items[i]);
	if (tun->item_count)
		forget_queue(tun);
}

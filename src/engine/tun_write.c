/* Writing to a TUN: packets of one flow are put together to super-packets. */
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/unzeroed.h"
#include "engine/tun.h"
#include "engine/tun_headers.h"

enum {
	IP_LEN_MAX = 65535,
	COALESCE_MAX = 64, /* packets in one write */
	IP_MORE_OR_OFFSET = 0x3fff,
	NO_IOV = UINT16_MAX,
};

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
	if (packet[0] == IP4_PLAIN) {
		*l4_at = IP4_LEN;
		return load_be16(packet + IP4_TOTAL_AT) == len && !(load_be16(packet + IP4_FRAGMENT_AT) & IP4_MORE_OR_OFFSET) ?
			       packet[IP4_PROTOCOL_AT] : 0;
	}
	*l4_at = IP6_LEN;
	return ip_version(packet) == 6 && len >= IP6_LEN && load_be16(packet + IP6_PAYLOAD_AT) + (size_t)IP6_LEN == len ?
		       packet[IP6_NEXT_AT] : 0;
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
	if (load_be16(udp + UDP_LEN_AT) != l4_len || !load_be16(udp + UDP_SUM_AT)) {
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
		p->slot = flow_slot(packet, IP4_SOURCE_AT, IP4_ADDRESSES_LEN, packet + IP4_LEN);
	else if (p->l4)
		p->slot = flow_slot(packet, IP6_SOURCE_AT, IP6_ADDRESSES_LEN, packet + IP6_LEN);
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
	uint64_t sum = ip_pseudo_sum(packet, p->l4, l4_len);

	if (p->l4_at == IP4_LEN && !sum_is_right(sum_bytes(0, packet, IP4_LEN)))
		return false;
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
	vnet->csum_offset = tcp ? TCP_CHECKSUM_AT : UDP_SUM_AT;
	sum_put_open(l4 + vnet->csum_offset, ip_pseudo_sum(ip, item->l4, l4_len));
	vnet->hdr_len = item->header_len;
	vnet->gso_size = item->segment_len;
	if (item->l4_at == IP4_LEN) {
		store_be16(ip + IP4_TOTAL_AT, (uint16_t)item->len);
		ip4_sum_put(ip, IP4_LEN);
	} else {
		store_be16(ip + IP6_PAYLOAD_AT, (uint16_t)l4_len);
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
	UNZEROED struct iovec iov[1 + COALESCE_MAX];
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
	tun->item_count = tun->iov_count = 0;
	memset(tun->flows, 0, sizeof(tun->flows));
}

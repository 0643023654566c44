#include "outer/input.h"

#include <linux/if_ether.h>
#include <netinet/in.h>
#include <string.h>

#include "base/bytes.h"
#include "base/ecn.h"
#include "base/ip.h"
#include "outer/alone.h"
#include "outer/route.h"
#include "outer/stack.h"
#include "outer/table.h"

#ifndef VIRTIO_NET_HDR_GSO_UDP_L4
#define VIRTIO_NET_HDR_GSO_UDP_L4 5
#endif

enum {
	ICMP6_TOO_BIG = 2,
};

static struct {
	struct outer_stats *stats;
	input_deliver_fn *deliver;
	void (*batch_over)(void);
	struct pbuf_custom whole;    /* the frame at hand; lwIP gives it back before its input returns */
	/* of the frame at hand (of reassembled datagrams: of the fragment that was missing) */
	struct nic *nic;             /* NULL: there is none */
	const uint8_t *frame;
	size_t segment_len;          /* 0: one datagram */
	uint8_t ds;
	uint64_t now_ns;
	bool joined_used;            /* lent out in this batch */
	_Alignas(64) uint8_t joined[65536];
} in;

void input_open(struct outer_stats *stats, input_deliver_fn *deliver, void (*batch_over)(void))
{
	in.stats = stats;
	in.deliver = deliver;
	in.batch_over = batch_over;
	in.joined_used = false;
}

void input_batch_over(void)
{
	in.joined_used = false;
}

struct nic *input_from(uint8_t *mac)
{
	if (!in.nic || in.frame[OUTER_MAC_LEN] & 1) /* a group sends nothing */
		return NULL;
	memcpy(mac, in.frame + OUTER_MAC_LEN, OUTER_MAC_LEN);
	return in.nic;
}

static struct inet_addr addr_at(uint8_t family, const uint8_t *at)
{
	struct inet_addr addr = { .family = family };

	memcpy(addr.bytes, at, inet_size(family));
	return addr;
}

/* A whole datagram: its checksum is right, or someone vouches for it. */
static bool udp_is_right(const uint8_t *ip, const uint8_t *udp, size_t len, const struct virtio_net_hdr *vnet)
{
	uint16_t checksum;

	/* Never left this machine, or hardware looked. */
	if (vnet->flags & (VIRTIO_NET_HDR_F_NEEDS_CSUM | VIRTIO_NET_HDR_F_DATA_VALID))
		return true;
	if (len < UDP_LEN)
		return false;
	checksum = load_be16(udp + UDP_SUM_AT);
	if (!checksum && ip_version(ip) == 4)
		return true; /* IPv4: none sent */
	if (!checksum || load_be16(udp + UDP_LEN_AT) < UDP_LEN || load_be16(udp + UDP_LEN_AT) > len)
		return false;
	len = load_be16(udp + UDP_LEN_AT);
	return sum_is_right(sum_bytes(ip_pseudo_sum(ip, IPPROTO_UDP, len), udp, len));
}

static void to_lwip(struct nic *nic, struct pbuf *p)
{
	if (nic->netif.input(p, &nic->netif) != ERR_OK)
		pbuf_free(p);
}

static void nothing_to_free(struct pbuf *p)
{
	(void)p;
}

/* lwIP begins at the IP header. */
static void pass(struct nic *nic, uint8_t *frame, size_t len)
{
	struct pbuf *p;

	len -= NIC_ETH_LEN;
	if (len > UINT16_MAX) {
		in.stats->rx_dropped++;
		return;
	}
	in.whole.custom_free_function = nothing_to_free;
	p = pbuf_alloced_custom(PBUF_RAW, (uint16_t)len, PBUF_REF, &in.whole, frame + NIC_ETH_LEN, (uint16_t)len);
	to_lwip(nic, p);
}

static void pass_fragment(struct nic *nic, const uint8_t *frame, size_t len)
{
	struct pbuf *p;

	in.stats->rx_fragments++;
	if (!stack_has_room()) {
		in.stats->rx_dropped++;
		return;
	}
	/* lwIP keeps it beyond the batch: a copy of its own, in its bounded heap. */
	len -= NIC_ETH_LEN;
	p = len > UINT16_MAX ? NULL : pbuf_alloc(PBUF_RAW, (uint16_t)len, PBUF_RAM);
	if (!p) {
		in.stats->rx_dropped++;
		return;
	}
	memcpy(p->payload, frame + NIC_ETH_LEN, len);
	stack_check(&nic->netif, true);
	to_lwip(nic, p);
	stack_check(&nic->netif, false);
}

/* Of IPv4's too big no notice is taken: what we send may be cut by routers (no DF). */
static void icmp6_too_big(const uint8_t *ip, const uint8_t *icmp, size_t len)
{
	const uint8_t *inner = icmp + ICMP_LEN, *udp = inner + IP6_LEN;
	struct inet_endpoint to;
	struct inet_addr src;
	uint32_t mtu_bytes;

	if (len < ICMP_LEN + IP6_LEN + IP6_FRAGMENT_LEN + UDP_LEN ||
	    !sum_is_right(sum_bytes(ip_pseudo_sum(ip, IPPROTO_ICMPV6, len), icmp, len))) {
		in.stats->rx_bad_checksum++;
		return;
	}
	mtu_bytes = (uint32_t)load_be16(icmp + 4) << 16 | load_be16(icmp + 6);
	if (inner[IP6_NEXT_AT] == IPPROTO_FRAGMENT && udp[0] == IPPROTO_UDP && !(load_be16(udp + 2) & 0xfff8))
		udp += IP6_FRAGMENT_LEN;
	else if (inner[IP6_NEXT_AT] != IPPROTO_UDP)
		udp = NULL;
	src = addr_at(AF_INET6, inner + IP6_SOURCE_AT);
	if (!udp || !table_is_ours(table_now(), &src) || load_be16(udp) != stack_pcb()->local_port ||
	    IP6_LEN + (uint32_t)load_be16(inner + IP6_PAYLOAD_AT) <= mtu_bytes) {
		in.stats->rx_dropped++;
		return;
	}
	to = (struct inet_endpoint){ .addr = addr_at(AF_INET6, inner + IP6_DESTINATION_AT), .port = load_be16(udp + 2) };
	in.stats->rx_too_big++;
	route_learn_mtu(&to, mtu_bytes, udp + UDP_LEN, len - (size_t)(udp + UDP_LEN - icmp), in.now_ns);
}

static void input_ip4(struct nic *nic, uint8_t *frame, size_t len, const struct virtio_net_hdr *vnet)
{
	uint8_t *ip = frame + NIC_ETH_LEN;
	size_t header_len = ip4_header_len(ip), total_len = load_be16(ip + IP4_TOTAL_AT);
	struct inet_addr local = addr_at(AF_INET, ip + IP4_DESTINATION_AT);

	if (ip_version(ip) != 4 || header_len < IP4_LEN || total_len < header_len || total_len > len - NIC_ETH_LEN ||
	    !table_is_ours(table_now(), &local)) {
		in.stats->rx_dropped++;
		return;
	}
	stack_use_local(&nic->netif, &local);
	if (load_be16(ip + IP4_FRAGMENT_AT) & IP4_MORE_OR_OFFSET) {
		pass_fragment(nic, frame, len);
		return;
	}
	switch (ip[IP4_PROTOCOL_AT]) {
	case IPPROTO_UDP:
		if (udp_is_right(ip, ip + header_len, total_len - header_len, vnet))
			pass(nic, frame, len);
		else
			in.stats->rx_bad_checksum++;
		return;
	case IPPROTO_ICMP:
		if (!nic->link.alone || !alone_icmp(nic, frame))
			in.stats->rx_dropped++;
		return;
	default:
		in.stats->rx_dropped++;
	}
}

static void input_ip6(struct nic *nic, uint8_t *frame, size_t len, const struct virtio_net_hdr *vnet)
{
	uint8_t *ip = frame + NIC_ETH_LEN;
	size_t payload_len = load_be16(ip + IP6_PAYLOAD_AT);
	struct inet_addr local = addr_at(AF_INET6, ip + IP6_DESTINATION_AT);

	if (ip_version(ip) != 6 || payload_len > len - NIC_ETH_LEN - IP6_LEN || payload_len < UDP_LEN) {
		in.stats->rx_dropped++;
		return;
	}
	/* Solicitations and advertisements come to groups. */
	if (nic->link.alone && ip[IP6_NEXT_AT] == IPPROTO_ICMPV6 && alone_icmp6(nic, frame, in.now_ns))
		return;
	if (!table_is_ours(table_now(), &local)) {
		in.stats->rx_dropped++;
		return;
	}
	stack_use_local(&nic->netif, &local);
	switch (ip[IP6_NEXT_AT]) {
	case IPPROTO_UDP:
		if (udp_is_right(ip, ip + IP6_LEN, payload_len, vnet))
			pass(nic, frame, len);
		else
			in.stats->rx_bad_checksum++;
		return;
	case IPPROTO_FRAGMENT:
		pass_fragment(nic, frame, len);
		return;
	case IPPROTO_ICMPV6:
		if (ip[IP6_LEN] == ICMP6_TOO_BIG)
			icmp6_too_big(ip, ip + IP6_LEN, payload_len);
		else
			in.stats->rx_dropped++;
		return;
	default:
		in.stats->rx_dropped++;
	}
}

static void input_any(struct nic *nic, uint8_t *frame, size_t len, const struct virtio_net_hdr *vnet)
{
	switch (load_be16(frame + NIC_ETH_TYPE_AT)) {
	case ETH_P_IP:
		if (len >= NIC_ETH_LEN + IP4_LEN) {
			in.ds = ds_field(frame + NIC_ETH_LEN);
			input_ip4(nic, frame, len, vnet);
			return;
		}
		break;
	case ETH_P_IPV6:
		if (len >= NIC_ETH_LEN + IP6_LEN + UDP_LEN) {
			in.ds = ds_field(frame + NIC_ETH_LEN);
			input_ip6(nic, frame, len, vnet);
			return;
		}
		break;
	case ETH_P_ARP:
		if (nic->link.alone && alone_arp(nic, frame, len, in.now_ns))
			return;
		break;
	default:
		break;
	}
	in.stats->rx_dropped++;
}

void input_frame(struct nic *nic, uint8_t *frame, size_t len, const struct virtio_net_hdr *vnet, uint64_t now_ns)
{
	in.segment_len = (vnet->gso_type & ~VIRTIO_NET_HDR_GSO_ECN) == VIRTIO_NET_HDR_GSO_UDP_L4 ? vnet->gso_size : 0;
	in.nic = nic;
	in.frame = frame;
	in.now_ns = now_ns;
	input_any(nic, frame, len, vnet);
	in.nic = NULL;
}

/* The datagram's bytes in one piece. */
static uint8_t *join(struct pbuf *p)
{
	if (!p->next && !(p->type_internal & PBUF_TYPE_FLAG_STRUCT_DATA_CONTIGUOUS))
		return p->payload; /* in the receive buffer, which outlives p */
	if (in.joined_used)
		in.batch_over();
	in.joined_used = true;
	pbuf_copy_partial(p, in.joined, p->tot_len, 0);
	return in.joined;
}

void input_datagram(void *arg, struct udp_pcb *pcb, struct pbuf *p, const ip_addr_t *addr, u16_t port)
{
	struct inet_flow from = { .remote = { stack_inet_addr(addr), port, 0 },
				  .local = stack_inet_addr(ip_current_dest_addr()),
				  .link = in.nic->link.index };
	/* lwIP took off the header, which still lies before; what follows the datagram in its packet is not of it. */
	size_t udp_len = load_be16((const uint8_t *)p->payload - UDP_LEN + UDP_LEN_AT), len = p->tot_len, segment_len;

	(void)arg;
	(void)pcb;
	if (udp_len < UDP_LEN || udp_len - UDP_LEN > len)
		len = 0;
	else
		len = udp_len - UDP_LEN;
	segment_len = in.segment_len && in.segment_len < len ? in.segment_len : len;
	if (from.remote.addr.family == AF_INET6 && ip6_addr_islinklocal(ip_2_ip6(addr)))
		from.remote.scope_id = in.nic->link.index;
	if (len && port)
		in.deliver(&from, in.ds, join(p), len, segment_len);
	else
		in.stats->rx_dropped++;
	pbuf_free(p);
}

#include "outer/output.h"

#include <errno.h>
#include <linux/if_ether.h>
#include <string.h>

#include "base/bytes.h"
#include "base/ip.h"
#include "outer/stack.h"

enum {
	DATAGRAM_MAX = 256,    /* queued between two flushes */
	FRAGMENTS_MAX = 64,    /* frames of one datagram, with what asks for its neighbour */
	IP4_UDP_LEN = IP4_LEN + UDP_LEN,
	IP6_UDP_LEN = IP6_LEN + UDP_LEN,
	FRAME_MTU_MAX = 65535, /* lwIP must not fragment a super-frame */
};

/* A datagram on its way through lwIP: headers grow down in room, the payload stays where it is. */
struct datagram {
	struct pbuf_custom head, body;
	_Alignas(8) uint8_t room[STACK_ROOM];
};

static struct {
	struct outer_stats *stats;
	struct datagram datagrams[DATAGRAM_MAX];
	size_t datagram_count;
	/* while lwIP has a datagram in its hands */
	const struct way *way;
	struct pbuf *p;
	size_t segment_len;
} out;

void output_open(struct outer_stats *stats)
{
	out.stats = stats;
	out.datagram_count = 0;
}

void output_flush(void)
{
	nic_flush(out.stats);
	out.datagram_count = 0;
}

size_t output_headers_len(uint8_t family)
{
	return family == AF_INET ? IP4_UDP_LEN : IP6_UDP_LEN;
}

static int frame_out(struct nic *nic, struct pbuf *p, const uint8_t *mac, size_t segment_len)
{
	uint8_t *frame;

	if (pbuf_add_header(p, NIC_PAD + NIC_ETH_LEN))
		return -ENOBUFS;
	frame = (uint8_t *)p->payload + NIC_PAD;
	memcpy(frame, mac, OUTER_MAC_LEN);
	memcpy(frame + OUTER_MAC_LEN, nic->link.mac, OUTER_MAC_LEN);
	store_be16(frame + NIC_ETH_TYPE_AT, ip_version(frame + NIC_ETH_LEN) == 4 ? ETH_P_IP : ETH_P_IPV6);
	return nic_queue(nic, p, segment_len);
}

err_t output_packet(struct netif *netif, struct pbuf *p)
{
	struct neighbour *neighbour = out.way ? out.way->neighbour : NULL;
	size_t segment_len = p == out.p ? out.segment_len : 0;
	bool taken = false;

	if (neighbour && neighbour->usable)
		taken = frame_out(netif->state, p, neighbour->mac, segment_len) == 0;
	else if (neighbour)
		taken = neighbour_wait(neighbour, p);
	if (taken)
		return ERR_OK;
	out.stats->tx_dropped++;
	return ERR_BUF;
}

void output_waited(struct nic *nic, const uint8_t *mac, struct pbuf *p)
{
	if (nic_queue_room() < FRAGMENTS_MAX)
		output_flush();
	if (frame_out(nic, p, mac, 0) < 0)
		out.stats->tx_dropped++;
}

static void nothing_to_free(struct pbuf *p)
{
	(void)p;
}

static struct pbuf *wrap(struct datagram *d, const uint8_t *bytes, size_t len)
{
	void *payload = (void *)(uintptr_t)bytes; /* lwIP reads it only */
	struct pbuf *p, *q;

	d->head.custom_free_function = nothing_to_free;
	d->body.custom_free_function = nothing_to_free;
	p = pbuf_alloced_custom(PBUF_RAW, 0, PBUF_RAM, &d->head, d->room, sizeof(d->room));
	q = pbuf_alloced_custom(PBUF_RAW, (uint16_t)len, PBUF_REF, &d->body, payload, (uint16_t)len);
	p->payload = d->room + sizeof(d->room);
	pbuf_cat(p, q);
	return p;
}

static int from_lwip(err_t err)
{
	switch (err) {
	case ERR_OK:
		return 0;
	case ERR_MEM:
	case ERR_BUF:
		return -ENOBUFS;
	case ERR_RTE:
		return -ENETUNREACH;
	default:
		return -EINVAL;
	}
}

/* One datagram or super-frame through lwIP. */
static int send_one(struct way *way, uint16_t port, const uint8_t *bytes, size_t len, size_t segment_len, bool fits)
{
	struct netif *netif = &way->nic->netif;
	struct pbuf *p;
	err_t err;

	if (out.datagram_count == DATAGRAM_MAX || nic_queue_room() < FRAGMENTS_MAX)
		output_flush();
	p = wrap(&out.datagrams[out.datagram_count++], bytes, len);
	if (!fits)
		stack_fragment(netif, (uint16_t)way->mtu_bytes, true);
	out.way = way;
	out.p = p;
	out.segment_len = segment_len;
	err = udp_sendto_if_src(stack_pcb(), p, &way->dst, port, netif, &way->src);
	out.way = NULL;
	out.p = NULL;
	if (!fits)
		stack_fragment(netif, FRAME_MTU_MAX, false);
	pbuf_free(p);
	if (err == ERR_OK) {
		out.stats->tx_bytes += len;
		out.stats->tx_datagrams += segment_len ? (len + segment_len - 1) / segment_len : 1;
	}
	return from_lwip(err);
}

static int send_each(struct way *way, uint16_t port, const uint8_t *bytes, size_t len, size_t segment_len, size_t headers)
{
	int err = 0;

	for (size_t at = 0; at < len; at += segment_len) {
		size_t part = len - at < segment_len ? len - at : segment_len;
		int failed = send_one(way, port, bytes + at, part, 0, part + headers <= way->mtu_bytes);

		if (failed < 0)
			err = failed;
	}
	return err;
}

int output_datagrams(struct way *way, uint16_t port, uint8_t ds, const uint8_t *bytes, size_t len, size_t segment_len)
{
	size_t headers = output_headers_len(IP_IS_V4(&way->dst) ? AF_INET : AF_INET6);

	stack_pcb()->tos = ds;
	/* What waits does so by the datagram. */
	if (segment_len < len && way->nic->gso && segment_len + headers <= way->mtu_bytes && way->neighbour->usable)
		return send_one(way, port, bytes, len, segment_len, true);
	return send_each(way, port, bytes, len, segment_len, headers);
}

/* Frames off the network into the outer side, through lwIP whole: any bytes, or such as pass the first checks. The input is a
 * list of frames; what was lent by the pools must be back in the end. */
#include <linux/if_ether.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/sum.h"
#include "outer/input.h"
#include "outer/neighbour.h"
#include "outer/outer.h"
#include "outer/stack.h"

enum { HEAD_LEN = 6, LEN_MAX = 2000, FRAMES_MAX = 64, ETH = 14, IP4 = 20, IP6 = 40, FORGET_S = 20 };

static const uint8_t mac[6] = { 2, 0, 0, 0, 0, 1 };
static const struct inet_addr ours4 = { AF_INET, { 192, 0, 2, 1 } }, ours6 = { AF_INET6, { 0xfd, [15] = 1 } };
static struct nic nic;
static struct loop loop;
static unsigned read_all;
static uint64_t now_ns = 1;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void on_receive(void *arg, const struct inet_flow *from, uint8_t ds, uint8_t *bytes, size_t len,
		       size_t segment_len, uint64_t at_ns)
{
	(void)arg, (void)ds;
	if (!len || !segment_len || segment_len > len || !from->remote.port)
		abort();
	for (size_t i = 0; i < len; i++) {
		read_all += bytes[i];
		bytes[i] = 0; /* it may be changed in place */
	}
	(void)outer_send(from, ds, bytes, len, segment_len, at_ns);
	(void)outer_answer(from, ds, bytes, len);
}

static bool on_sent(void *arg, const struct inet_endpoint *to, const uint8_t *bytes, size_t len)
{
	(void)arg, (void)to;
	for (size_t i = 0; i < len; i++)
		read_all += bytes[i];
	return read_all & 1;
}

static void on_received(void *arg, uint64_t at_ns)
{
	(void)arg, (void)at_ns;
}

static err_t drop(struct netif *netif, struct pbuf *p)
{
	(void)netif, (void)p;
	return ERR_OK;
}

/* A next hop on the NIC that frames come from, so that what is heard of it is believed; one that never was waits. */
static void know_neighbours(void)
{
	struct inet_addr known4 = { AF_INET, { 192, 0, 2, 2 } }, known6 = { AF_INET6, { 0xfd, [15] = 2 } };
	struct inet_addr unknown = { AF_INET6, { 0xfd, [15] = 3 } };
	static uint8_t packet[64];
	struct pbuf *p = pbuf_alloc(PBUF_RAW, sizeof(packet), PBUF_RAM);

	neighbour_is(neighbour_get(1, &known4, 1), OUTER_NEIGHBOUR_GOOD, mac, 1);
	neighbour_is(neighbour_get(1, &known6, 1), OUTER_NEIGHBOUR_STALE, mac, 1);
	if (!p || !neighbour_wait(neighbour_get(1, &unknown, 1), p))
		abort();
	pbuf_free(p);
}

static void set_up(void)
{
	static struct outer_table table = { .address_count = 2 };
	const struct outer_options options = { .loop = &loop, .host = { .sent = on_sent, .receive = on_receive, .received = on_received } };

	if (outer_port())
		return;
	table.addresses[0] = (struct outer_address){ 1, { ours4, 24 } };
	table.addresses[1] = (struct outer_address){ 1, { ours6, 64 } };
	if (loop_open(&loop) < 0 || outer_open(&options, 1) < 0 || outer_refresh(&table, 1, NULL) < 0)
		abort();
}

static uint16_t l4_at(const uint8_t *frame)
{
	return frame[12] == 0x08 ? ETH + IP4 : ETH + IP6;
}

/* What must be right to come further than the first checks. kind: which protocol. */
static void dress(uint8_t *frame, size_t len, uint8_t kind)
{
	static const uint8_t protocols[] = { IPPROTO_UDP, IPPROTO_ICMP, IPPROTO_UDP, IPPROTO_ICMPV6, IPPROTO_FRAGMENT };
	uint8_t *ip = frame + ETH, *l4;

	if (kind < 2 && len >= ETH + IP4 + 8) {
		store_be16(frame + 12, ETH_P_IP);
		ip[0] = 0x45;
		store_be16(ip + 2, (uint16_t)(len - ETH));
		ip[9] = protocols[kind];
		memcpy(ip + 16, ours4.bytes, 4);
		store_be16(ip + 10, 0);
		sum_put(ip + 10, sum_bytes(0, ip, IP4));
	} else if (kind < 5 && len >= ETH + IP6 + 8) {
		store_be16(frame + 12, ETH_P_IPV6);
		ip[0] = 0x60;
		store_be16(ip + 4, (uint16_t)(len - ETH - IP6));
		ip[6] = protocols[kind];
		memcpy(ip + 24, ours6.bytes, 16);
	} else {
		store_be16(frame + 12, ETH_P_ARP);
		return;
	}
	l4 = frame + l4_at(frame);
	len -= (size_t)(l4 - frame);
	if (kind == 1) {
		store_be16(l4 + 2, 0);
		sum_put(l4 + 2, sum_bytes(0, l4, len));
	} else if (kind == 3) {
		store_be16(l4 + 2, 0);
		sum_put(l4 + 2, sum_bytes(sum_be16(sum_be16(sum_bytes(0, ip + 8, 32), IPPROTO_ICMPV6), (uint32_t)len), l4, len));
	} else {
		uint8_t *udp = kind == 4 && len >= 16 ? l4 + 8 : l4;

		store_be16(udp + 2, outer_port());
		if (!(udp[1] & 1))
			store_be16(udp + 4, (uint16_t)(len - (size_t)(udp - l4)));
	}
}

static size_t one_frame(const uint8_t *data, size_t len)
{
	size_t frame_len = ETH + (data[2] | (size_t)data[3] << 8) % (LEN_MAX - ETH), given = len - HEAD_LEN;
	struct virtio_net_hdr vnet = { .flags = data[1] & 3, .gso_size = (uint16_t)(data[4] * 8),
				       .gso_type = data[5] & 1 ? 5 : 0 }; /* UDP_L4 */
	uint8_t *room = calloc(1, NIC_PAD + frame_len); /* no longer, so that a sanitizer sees what goes beyond */

	if (!room)
		abort();
	given = given < frame_len ? given : frame_len;
	memcpy(room + NIC_PAD, data + HEAD_LEN, given);
	if (data[0] & 0x80)
		dress(room + NIC_PAD, frame_len, data[0] & 7);
	input_frame(&nic, room + NIC_PAD, frame_len, &vnet, now_ns += NS_PER_S / 8);
	if (!(data[0] & 0x40))
		input_batch_over();
	if (data[0] & 0x20) {
		stack_tick();
		neighbour_tick(now_ns);
	}
	outer_flush();
	free(room);
	return HEAD_LEN + given;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	set_up();
	memset(&nic, 0, sizeof(nic));
	nic.link = (struct outer_link){ .index = 1, .mtu_bytes = 1500, .alone = len & 1 };
	nic.source.fd = -1;
	stack_add(&nic.netif, &nic, drop);
	know_neighbours();
	for (unsigned i = 0; i < FRAMES_MAX && len > HEAD_LEN; i++) {
		size_t used = one_frame(data, len);

		data += used;
		len -= used;
	}
	input_batch_over();
	for (unsigned i = 0; i < FORGET_S; i++)
		stack_tick();
	neighbour_forget(0);
	stack_remove(&nic.netif);
	outer_flush();
	if (outer_pools_used())
		abort();
	return 0;
}

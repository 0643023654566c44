/* Which MAC a next hop has, and what we say for ourselves on a NIC that is ours alone. Frames go into a socket pair. */
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/sum.h"
#include "netlink/neigh.h"
#include "outer/alone.h"
#include "outer/outer.h"
#include "test.h"

enum { PORT = 4567, LINK = 7, VNET = sizeof(struct virtio_net_hdr), FRAME = 1600 };

static const uint8_t own_mac[6] = { 2, 0, 0, 0, 0, 1 }, mac_a[6] = { 2, 0, 0, 0, 0, 0xa }, mac_b[6] = { 2, 0, 0, 0, 0, 0xb };
static const struct inet_addr hop4 = { AF_INET, { 192, 0, 2, 9 } }, hop6 = { AF_INET6, { 0xfe, 0x80, [15] = 9 } };
static const struct inet_addr own4 = { AF_INET, { 192, 0, 2, 1 } }, own6 = { AF_INET6, { 0xfd, [15] = 1 } };
static const struct inet_addr elsewhere = { AF_INET, { 198, 51, 100, 1 } }; /* the kernel's, on another link */

static struct {
	struct loop loop;
	struct nic nic;
	int wire;
	unsigned asked, ready;
	uint8_t ready_bytes[NEIGHBOUR_WAITING_ALL + 1];
	struct outer_stats stats;
} t;

static void on_ask(struct neighbour *neighbour, uint64_t now_ns)
{
	(void)neighbour, (void)now_ns;
	t.asked++;
}

static void on_ready(struct neighbour *neighbour, struct pbuf *p)
{
	(void)neighbour;
	t.ready_bytes[t.ready++] = *(const uint8_t *)p->payload;
}

/* The outer side without a NIC of this machine, and one that is ours alone. */
static bool begin(void)
{
	static struct outer_table table = { .address_count = 3 };
	const struct outer_options options = { .loop = &t.loop };
	const struct neighbour_host host = { on_ask, on_ready, &t.stats };
	int wires[2];

	memset(&t, 0, sizeof(t));
	table.addresses[0] = (struct outer_address){ LINK, { own4, 24 } };
	table.addresses[1] = (struct outer_address){ LINK, { own6, 64 } };
	table.addresses[2] = (struct outer_address){ LINK + 1, { elsewhere, 24 } };
	if (loop_open(&t.loop) < 0 || outer_open(&options, 1) < 0 || outer_refresh(&table, 1, NULL) < 0 ||
	    socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, wires) < 0)
		return false;
	neighbour_open(&host);
	t.nic.source.fd = wires[0];
	t.wire = wires[1];
	t.nic.link = (struct outer_link){ .index = LINK, .mtu_bytes = 1500, .alone = true };
	memcpy(t.nic.link.mac, own_mac, sizeof(own_mac));
	return true;
}

static size_t end(void)
{
	neighbour_forget(0);
	outer_flush();
	outer_close();
	close(t.nic.source.fd);
	close(t.wire);
	loop_close(&t.loop);
	return outer_pools_used();
}

/* The next frame that we sent; 0: none. */
static ssize_t sent(uint8_t *frame)
{
	uint8_t buf[VNET + FRAME] = { 0 };
	ssize_t len;

	outer_flush();
	len = recv(t.wire, buf, sizeof(buf), 0);
	memcpy(frame, buf + VNET, FRAME);
	return len < VNET ? 0 : len - VNET;
}

static bool wait_one(struct neighbour *neighbour, uint8_t byte)
{
	struct pbuf *p = pbuf_alloc(PBUF_RAW, 100, PBUF_RAM);
	bool taken;

	if (!p)
		return false;
	memset(p->payload, byte, 100);
	taken = neighbour_wait(neighbour, p);
	pbuf_free(p);
	return taken;
}

static struct inet_addr numbered(unsigned i)
{
	struct inet_addr addr = { AF_INET, { 10, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i } };

	return addr;
}

TEST(neighbour_in_use_is_asked_for_once_a_second)
{
	const uint64_t s = NS_PER_S;
	struct neighbour *n;

	CHECK(begin());
	n = neighbour_get(LINK, &hop4, 10 * s);
	for (unsigned i = 0; i < 100; i++)
		neighbour_want(n, 10 * s + i);
	CHECK_INT(t.asked, 1);
	neighbour_is(n, OUTER_NEIGHBOUR_LOST, NULL, 10 * s + 200); /* refused at once: not asked by the next packet */
	neighbour_want(n, 10 * s + 300);
	CHECK_INT(t.asked, 1);
	neighbour_want(n, 11 * s);
	CHECK_INT(t.asked, 2);
	neighbour_is(n, OUTER_NEIGHBOUR_STALE, mac_a, 11 * s);
	CHECK(n->usable);
	n->used_ns = 11 * s;
	neighbour_tick(11 * s + s / 2); /* too early */
	CHECK_INT(t.asked, 2);
	n->used_ns = 12 * s;
	neighbour_tick(12 * s);
	CHECK_INT(t.asked, 3);
	n->used_ns = 12 * s - 1; /* no more traffic: let it be */
	neighbour_tick(13 * s);
	neighbour_tick(14 * s);
	CHECK_INT(t.asked, 3);
	neighbour_is(n, OUTER_NEIGHBOUR_GOOD, mac_a, 15 * s);
	n->used_ns = 40 * s;
	neighbour_tick(40 * s);
	CHECK_INT(t.asked, 3);
	neighbour_doubt(); /* news was lost */
	n->used_ns = 41 * s;
	neighbour_tick(41 * s);
	CHECK_INT(t.asked, 4);
	neighbour_is(n, OUTER_NEIGHBOUR_GOOD, mac_a, 41 * s);
	n->used_ns = 71 * s; /* it holds for RFC 4861's 30 s */
	neighbour_tick(71 * s);
	CHECK_INT(t.asked, 5);
	CHECK_INT(end(), 0);
}

TEST(what_waits_for_neighbours_is_bounded_and_goes_in_order)
{
	struct neighbour *n, *others[9];

	CHECK(begin());
	n = neighbour_get(LINK, &hop6, 1);
	for (uint8_t i = 0; i < 20; i++)
		CHECK(wait_one(n, i));
	CHECK_INT(n->waiting, NEIGHBOUR_WAITING);
	CHECK_INT(t.stats.tx_dropped, 12);
	neighbour_is(n, OUTER_NEIGHBOUR_GOOD, mac_a, 1);
	CHECK_INT(t.ready, NEIGHBOUR_WAITING);
	for (uint8_t i = 0; i < NEIGHBOUR_WAITING; i++)
		CHECK_INT(t.ready_bytes[i], 12 + i);
	/* The ninth neighbour's make the first one's give way. */
	for (unsigned i = 0; i < 9; i++) {
		struct inet_addr addr = numbered(i);

		others[i] = neighbour_get(LINK, &addr, 1);
		for (unsigned k = 0; k < NEIGHBOUR_WAITING; k++)
			CHECK(wait_one(others[i], 0));
	}
	CHECK_INT(others[0]->waiting, 0);
	CHECK_INT(others[8]->waiting, NEIGHBOUR_WAITING);
	neighbour_is(others[8], OUTER_NEIGHBOUR_LOST, NULL, 1);
	CHECK_INT(others[8]->waiting, 0);
	neighbour_forget(LINK); /* the link went */
	CHECK_INT(others[1]->link, 0);
	CHECK_INT(end(), 0);
}

TEST(longest_unused_neighbour_makes_room)
{
	struct neighbour *first, *n;
	uint32_t id;

	CHECK(begin());
	for (unsigned i = 0; i < NEIGHBOUR_MAX; i++) {
		struct inet_addr addr = numbered(i);

		n = neighbour_get(LINK, &addr, 1000 + i);
		CHECK(wait_one(n, 0));
	}
	first = neighbour_get(LINK, &(const struct inet_addr){ AF_INET, { 10 } }, 1);
	first->used_ns = 5000;
	id = first->id;
	n = neighbour_get(LINK, &hop6, 6000);
	CHECK(n != first);
	CHECK_INT(first->id, id);
	CHECK(!neighbour_find(LINK, &(const struct inet_addr){ AF_INET, { 10, [3] = 1 } }));
	CHECK(n->id != id && !n->usable && !n->waiting);
	CHECK_INT(end(), 0);
}

static uint8_t frame[NIC_FRAME_MAX], got[FRAME];

static void head(const uint8_t *from, uint16_t type)
{
	memset(frame, 0, sizeof(frame));
	memcpy(frame, own_mac, 6);
	memcpy(frame + 6, from, 6);
	store_be16(frame + 12, type);
}

static bool arp(uint8_t operation, const uint8_t *mac, const struct inet_addr *sender, const struct inet_addr *target)
{
	head(mac, ETH_P_ARP);
	memcpy(frame + 14, (const uint8_t[]){ 0, 1, 8, 0, 6, 4, 0, operation }, 8);
	memcpy(frame + 22, mac, 6);
	memcpy(frame + 28, sender->bytes, 4);
	memcpy(frame + 38, target->bytes, 4);
	return alone_arp(&t.nic, frame, 60, 5 * NS_PER_S);
}

TEST(alone_arp_answers_and_believes_who_is_known)
{
	struct neighbour *n;

	CHECK(begin());
	CHECK(arp(1, mac_a, &hop4, &own4));
	CHECK_INT(sent(got), 60);
	CHECK_MEM(got, mac_a, 6);
	CHECK_MEM(got + 6, own_mac, 6);
	CHECK_INT(load_be16(got + 20), 2);
	CHECK_MEM(got + 22, own_mac, 6);
	CHECK_MEM(got + 28, own4.bytes, 4);
	CHECK_MEM(got + 32, mac_a, 6);
	CHECK_MEM(got + 38, hop4.bytes, 4);
	n = neighbour_find(LINK, &hop4); /* who looks for us is known */
	CHECK(n && n->usable && !n->used_ns);
	CHECK_MEM(n->mac, mac_a, 6);
	CHECK(arp(1, mac_b, &hop4, &own4)); /* a new router's question says its MAC */
	CHECK_MEM(n->mac, mac_b, 6);
	CHECK(arp(2, mac_a, &hop4, &own4));
	CHECK_MEM(n->mac, mac_a, 6);
	CHECK(arp(1, mac_b, &hop4, &hop4)); /* an announcement */
	CHECK_MEM(n->mac, mac_b, 6);
	while (sent(got))
		;
	CHECK(arp(1, mac_a, &hop4, &elsewhere)); /* an address of another link is none of this one */
	CHECK_INT(sent(got), 0);
	CHECK(!arp(1, mac_a, &own4, &own4)); /* our own in someone's mouth */
	CHECK(!arp(1, (const uint8_t[]){ 0xff, 0xff, 0xff, 0xff, 0xff, 0xff }, &hop4, &own4));
	CHECK(!arp(3, mac_a, &hop4, &own4));
	CHECK_INT(sent(got), 0);
	CHECK_INT(end(), 0);
}

static size_t icmp6(const uint8_t *from_mac, uint8_t hop_limit, const struct inet_addr *from, const struct inet_addr *to,
		    const uint8_t *message, size_t len)
{
	uint8_t *ip = frame + 14;

	head(from_mac, ETH_P_IPV6);
	ip[0] = 0x60, ip[6] = IPPROTO_ICMPV6, ip[7] = hop_limit;
	store_be16(ip + 4, (uint16_t)len);
	memcpy(ip + 8, from->bytes, 16);
	memcpy(ip + 24, to->bytes, 16);
	memcpy(ip + 40, message, len);
	sum_put(ip + 42, sum_bytes(sum_be16(sum_be16(sum_bytes(0, ip + 8, 32), IPPROTO_ICMPV6), (uint32_t)len), ip + 40, len));
	return 54 + len;
}

static bool nd(uint8_t type, uint8_t flags, const uint8_t *mac, const struct inet_addr *from, const struct inet_addr *target)
{
	uint8_t message[32] = { type, [4] = flags, [24] = type == 135 ? 1 : 2, 1 };

	memcpy(message + 8, target->bytes, 16);
	memcpy(message + 26, mac, 6);
	(void)icmp6(mac, 255, from, &own6, message, sizeof(message));
	return alone_icmp6(&t.nic, frame, 5 * NS_PER_S);
}

TEST(alone_nd_answers_and_believes_who_is_known)
{
	static const struct inet_addr none = { AF_INET6, { 0 } };
	uint8_t short_option[32] = { 135, [24] = 1, 0 };
	struct neighbour *n;

	CHECK(begin());
	CHECK(nd(135, 0, mac_a, &hop6, &own6));
	CHECK_INT(sent(got), 86);
	CHECK_MEM(got, mac_a, 6);
	CHECK_INT(got[54], 136);
	CHECK_INT(got[58], 0x60);
	CHECK_INT(got[21], 255);
	CHECK_MEM(got + 62, own6.bytes, 16);
	CHECK_MEM(got + 78, ((const uint8_t[]){ 2, 1, 2, 0, 0, 0, 0, 1 }), 8);
	CHECK(sum_is_right(sum_bytes(sum_be16(sum_be16(sum_bytes(0, got + 22, 32), IPPROTO_ICMPV6), 32), got + 54, 32)));
	n = neighbour_find(LINK, &hop6);
	CHECK(n && n->usable && !n->used_ns);
	CHECK_MEM(n->mac, mac_a, 6);
	CHECK(nd(136, 0x40, mac_a, &hop6, &hop6)); /* the answer to a question */
	CHECK_MEM(n->mac, mac_a, 6);
	CHECK(nd(135, 0, mac_b, &hop6, &own6)); /* a new router's question says its MAC */
	CHECK_MEM(n->mac, mac_b, 6);
	CHECK(nd(136, 0x40, mac_a, &hop6, &hop6)); /* without the override flag: not believed */
	CHECK_MEM(n->mac, mac_b, 6);
	CHECK(nd(136, 0x20, mac_a, &hop6, &hop6)); /* an announcement */
	CHECK_MEM(n->mac, mac_a, 6);
	while (sent(got))
		;
	CHECK(nd(135, 0, mac_a, &none, &own6)); /* someone else wants our address */
	CHECK_INT(sent(got), 86);
	CHECK_MEM(got, ((const uint8_t[]){ 0x33, 0x33, 0, 0, 0, 1 }), 6);
	CHECK_INT(got[58], 0x20);
	CHECK(nd(135, 0, mac_a, &own6, &own6));
	memcpy(short_option + 8, own6.bytes, 16);
	(void)icmp6(mac_a, 255, &hop6, &own6, short_option, sizeof(short_option));
	CHECK(!alone_icmp6(&t.nic, frame, 1));
	(void)icmp6(mac_a, 254, &hop6, &own6, short_option, 24); /* from behind a router */
	CHECK(!alone_icmp6(&t.nic, frame, 1));
	CHECK_INT(sent(got), 0);
	CHECK_INT(end(), 0);
}

/* Who looks for us is asked himself as soon as he is sent to, and takes no place from anyone. */
TEST(alone_who_looks_for_us_is_known_at_no_ones_cost)
{
	static const struct inet_addr far4 = { AF_INET, { 203, 0, 113, 9 } }, far6 = { AF_INET6, { 0x20, 1, [15] = 9 } };
	struct neighbour *n;

	CHECK(begin());
	CHECK(arp(1, mac_a, &far4, &own4)); /* of no network that is there */
	CHECK(!neighbour_find(LINK, &far4));
	CHECK(nd(135, 0, mac_a, &far6, &own6));
	CHECK(!neighbour_find(LINK, &far6));
	CHECK(arp(1, mac_a, &hop4, &elsewhere)); /* someone else is looked for */
	CHECK(!neighbour_find(LINK, &hop4));
	CHECK(arp(1, mac_a, &hop4, &own4));
	memcpy(frame + 28, (const uint8_t[]){ 192, 0, 2, 10 }, 4);
	memcpy(frame + 6, mac_b, 6); /* it says another MAC than it was sent from */
	CHECK(alone_arp(&t.nic, frame, 60, 5 * NS_PER_S));
	CHECK(!neighbour_find(LINK, &(const struct inet_addr){ AF_INET, { 192, 0, 2, 10 } }));
	n = neighbour_find(LINK, &hop4);
	CHECK(n && n->usable && n->ask_ns <= 6 * NS_PER_S);
	n->used_ns = 7 * NS_PER_S;
	for (unsigned i = 0; i + 1 < NEIGHBOUR_MAX; i++)
		neighbour_get(LINK, &(const struct inet_addr){ AF_INET, { 10, 0, (uint8_t)(i >> 8), (uint8_t)i } }, 8 * NS_PER_S);
	CHECK(nd(135, 0, mac_a, &hop6, &own6));
	CHECK(!neighbour_find(LINK, &hop6));
	CHECK(neighbour_find(LINK, &hop4) == n);
	neighbour_forget(0);
	for (unsigned i = 0; i < 3 * NEIGHBOUR_MAX; i++) {
		const struct inet_addr from = { AF_INET6, { 0xfe, 0x80, [14] = (uint8_t)(i >> 8), (uint8_t)i } };

		CHECK(neighbour_note(LINK, &from)); /* a flood of them is in its own way alone */
	}
	CHECK(neighbour_get(LINK, &hop4, 9 * NS_PER_S));
	CHECK(neighbour_note(LINK, &hop6));
	CHECK(neighbour_find(LINK, &hop4));
	CHECK_INT(end(), 0);
}

/* Three times where it was, three times everywhere, then it is lost. */
static bool unanswered(const struct inet_addr *hop, const struct inet_addr *own)
{
	struct neighbour *n = neighbour_get(LINK, hop, 1);

	neighbour_is(n, OUTER_NEIGHBOUR_STALE, mac_a, 1);
	for (unsigned i = 0; i < 6; i++) {
		alone_ask(&t.nic, n, own, i * NS_PER_S);
		if (n->usable != (i < 3) || !sent(got) || (memcmp(got, mac_a, 6) == 0) != (i < 3) || (got[0] & 1) != (i >= 3))
			return false;
	}
	if (!wait_one(n, 0))
		return false;
	alone_ask(&t.nic, n, own, 6 * NS_PER_S);
	return !n->waiting && !sent(got);
}

TEST(alone_next_hop_that_does_not_answer_is_sought_anew)
{
	CHECK(begin());
	CHECK(unanswered(&hop4, &own4));
	CHECK(unanswered(&hop6, &own6));
	CHECK_INT(end(), 0);
}

TEST(alone_answers_pings_to_its_own_addresses)
{
	uint8_t message[20] = { 128, [4] = 1, 2, 3, 4, 5, 6, 7 };

	CHECK(begin());
	(void)icmp6(mac_a, 64, &hop6, &own6, message, sizeof(message));
	CHECK(alone_icmp6(&t.nic, frame, 1));
	CHECK_INT(sent(got), 74);
	CHECK_MEM(got, mac_a, 6);
	CHECK_INT(got[54], 129);
	CHECK_MEM(got + 22, own6.bytes, 16);
	CHECK_MEM(got + 58, message + 4, 16);
	head(mac_a, ETH_P_IP);
	memcpy(frame + 14, (const uint8_t[]){ 0x45, 0, 0, 48, 0, 0, 0, 0, 64, IPPROTO_ICMP }, 10);
	memcpy(frame + 26, hop4.bytes, 4);
	memcpy(frame + 30, own4.bytes, 4);
	sum_put(frame + 24, sum_bytes(0, frame + 14, 20));
	memcpy(frame + 34, (const uint8_t[]){ 8, 0, 0, 0, 1, 2, 3, 4 }, 8);
	sum_put(frame + 36, sum_bytes(0, frame + 34, 28));
	CHECK(alone_icmp(&t.nic, frame));
	CHECK_INT(sent(got), 62);
	CHECK_INT(got[34], 0);
	CHECK_MEM(got + 26, own4.bytes, 4);
	CHECK(sum_is_right(sum_bytes(0, got + 34, 28)) && sum_is_right(sum_bytes(0, got + 14, 20)));
	memcpy(frame + 30, elsewhere.bytes, 4); /* the kernel's address is not here */
	store_be16(frame + 24, 0);
	sum_put(frame + 24, sum_bytes(0, frame + 14, 20));
	CHECK(!alone_icmp(&t.nic, frame));
	CHECK_INT(sent(got), 0);
	CHECK_INT(end(), 0);
}

static bool long_echo(uint16_t ip_len)
{
	static const uint8_t head4[] = { 0x45, [8] = 64, IPPROTO_ICMP };

	head(mac_a, ETH_P_IP);
	memcpy(frame + 14, head4, sizeof(head4));
	store_be16(frame + 16, ip_len);
	memcpy(frame + 26, hop4.bytes, 4);
	memcpy(frame + 30, own4.bytes, 4);
	sum_put(frame + 24, sum_bytes(0, frame + 14, 20));
	frame[34] = 8;
	sum_put(frame + 36, sum_bytes(0, frame + 34, ip_len - 20U));
	return alone_icmp(&t.nic, frame);
}

static bool long_echo6(uint16_t ip_len)
{
	static uint8_t message[UINT16_MAX] = { 128 };

	(void)icmp6(mac_a, 64, &hop6, &own6, message, ip_len - 40U);
	return alone_icmp6(&t.nic, frame, 1);
}

/* A neighbour on a virtual network may send super-frames with whatever is in them. */
TEST(alone_answers_no_ping_that_its_link_does_not_take)
{
	bool (*const each[])(uint16_t) = { long_echo, long_echo6 };
	const uint16_t longest = UINT16_MAX - NIC_PAD - NIC_ETH_LEN;

	CHECK(begin());
	for (size_t i = 0; i < sizeof(each) / sizeof(each[0]); i++) {
		t.nic.link.mtu_bytes = 1500;
		CHECK(each[i](1500) && sent(got) > 0);
		CHECK(!each[i](1501) && !sent(got));
		CHECK(!each[i](UINT16_MAX) && !sent(got));
		t.nic.link.mtu_bytes = UINT16_MAX;
		CHECK(each[i](longest) && sent(got) > 0);
		CHECK(!each[i](longest + 1) && !each[i](UINT16_MAX) && !sent(got));
	}
	CHECK_INT(end(), 0);
}

static _Alignas(8) uint8_t message_room[256];

static struct nlmsghdr *neigh_message(uint16_t type, uint8_t family, uint16_t state, uint8_t flags)
{
	struct nlmsghdr *message = mnl_nlmsg_put_header(message_room);
	struct ndmsg *info = mnl_nlmsg_put_extra_header(message, sizeof(*info));

	message->nlmsg_type = type;
	*info = (struct ndmsg){ .ndm_family = family, .ndm_ifindex = LINK, .ndm_state = state, .ndm_flags = flags };
	return message;
}

TEST(neighbour_messages_are_read)
{
	struct nlmsghdr *message = neigh_message(RTM_NEWNEIGH, AF_INET6, NUD_STALE, 0);
	struct neigh neigh;

	mnl_attr_put(message, NDA_DST, 16, hop6.bytes);
	mnl_attr_put(message, NDA_LLADDR, 6, mac_a);
	CHECK_INT(neigh_read(message, &neigh), 0);
	CHECK_INT(neigh.index, LINK);
	CHECK_INT(neigh.state, NUD_STALE);
	CHECK(neigh.has_mac && inet_addr_equal(&neigh.addr, &hop6));
	CHECK_MEM(neigh.mac, mac_a, 6);
	message->nlmsg_type = RTM_DELNEIGH;
	CHECK_INT(neigh_read(message, &neigh), 0);
	CHECK_INT(neigh.state, NUD_NONE);
	message->nlmsg_type = RTM_NEWLINK;
	CHECK_INT(neigh_read(message, &neigh), -ENOMSG);
	message = neigh_message(RTM_NEWNEIGH, AF_INET, NUD_INCOMPLETE, 0);
	CHECK_INT(neigh_read(message, &neigh), -EBADMSG); /* whose? */
	mnl_attr_put(message, NDA_DST, 16, hop6.bytes);
	CHECK_INT(neigh_read(message, &neigh), -EBADMSG);
	message = neigh_message(RTM_NEWNEIGH, AF_INET, NUD_INCOMPLETE, 0);
	mnl_attr_put(message, NDA_DST, 4, hop4.bytes);
	mnl_attr_put(message, NDA_LLADDR, 4, mac_a); /* a tunnel's */
	CHECK_INT(neigh_read(message, &neigh), 0);
	CHECK(!neigh.has_mac);
	message = neigh_message(RTM_NEWNEIGH, AF_BRIDGE, NUD_REACHABLE, 0);
	CHECK_INT(neigh_read(message, &neigh), -ENOMSG);
	message = neigh_message(RTM_NEWNEIGH, AF_INET, 0, NTF_PROXY);
	CHECK_INT(neigh_read(message, &neigh), -ENOMSG);
}

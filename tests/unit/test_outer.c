/* Pure parts of the outer side: the mirrored table, path MTUs, the filter, the checksum. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/sum.h"
#include "outer/filter.h"
#include "outer/ident.h"
#include "outer/pmtu.h"
#include "outer/table.h"
#include "test.h"

enum { PORT = 4567, ALONE = 4 };

static struct inet_addr addr(const char *text)
{
	struct inet_addr result = { .family = strchr(text, ':') ? AF_INET6 : AF_INET };

	if (inet_pton(result.family, text, result.bytes) != 1)
		abort();
	return result;
}

static bool is(const struct inet_addr *a, const char *text)
{
	struct inet_addr b = addr(text);

	return inet_addr_equal(a, &b);
}

static struct outer_table table;

static void put_address(uint32_t index, const char *text, uint8_t len)
{
	table.addresses[table.address_count++] = (struct outer_address){ index, { addr(text), len } };
}

static void put_route(const char *to, uint8_t len, const char *gateway, uint32_t mtu_bytes)
{
	struct outer_route route = { .destination = { addr(to), len }, .index = ALONE, .mtu_bytes = mtu_bytes };

	if (gateway)
		route.gateway = addr(gateway);
	table.routes[table.route_count++] = route;
}

enum { SHARED = 2, OTHER = 3, UNKNOWN = 77 };

static void make_table(void)
{
	memset(&table, 0, sizeof(table));
	table.links[table.link_count++] = (struct outer_link){ .index = SHARED, .mtu_bytes = 1500 };
	table.links[table.link_count++] = (struct outer_link){ .index = OTHER, .mtu_bytes = 9000 };
	table.links[table.link_count++] = (struct outer_link){ .index = ALONE, .mtu_bytes = 1500, .alone = true };
	put_address(SHARED, "192.0.2.5", 24);
	put_address(OTHER, "203.0.113.5", 24);
	put_address(SHARED, "2001:db8:2::5", 64);
	put_address(ALONE, "198.51.100.5", 24);
	put_address(ALONE, "10.7.0.5", 24);
	put_address(ALONE, "2001:db8:a::5", 64);
	put_address(ALONE, "fe80::a", 64);
	put_route("198.51.100.0", 24, NULL, 0);
	put_route("10.7.0.0", 24, NULL, 0);
	put_route("10.0.0.0", 8, "10.7.0.1", 1400);
	put_route("0.0.0.0", 0, "198.51.100.1", 0);
	put_route("2001:db8:a::", 64, NULL, 0);
}

/* The host, as far as it answers. */
static struct {
	int err, err_from; /* err_from: when the question names a source */
	struct outer_way way;
	unsigned questions;
	struct inet_flow last;
} host;

static int host_ask(void *arg, const struct inet_flow *to, struct outer_way *result)
{
	(void)arg;
	host.questions++;
	host.last = *to;
	*result = host.way;
	return to->local.family && host.err_from ? host.err_from : host.err;
}

static void host_says(uint32_t link, const char *next_hop, const char *source, uint8_t prefix_len)
{
	memset(&host, 0, sizeof(host));
	host.way = (struct outer_way){ .link = link, .next_hop = addr(next_hop), .prefix_len = prefix_len };
	if (source)
		host.way.source = addr(source);
}

static int way(const char *to, const char *local, uint32_t link, struct outer_way *result)
{
	const struct outer_host asked = { .ask = host_ask };
	struct inet_flow flow = { .remote = { .addr = addr(to), .scope_id = ALONE }, .link = link };

	if (local)
		flow.local = addr(local);
	return table_way(&table, &asked, &flow, result);
}

TEST(table_takes_the_hosts_choice)
{
	struct outer_way w;

	make_table();
	host_says(SHARED, "192.0.2.1", "192.0.2.5", 8);
	host.way.mtu_bytes = 1300;
	CHECK_INT(way("9.9.9.9", NULL, 0, &w), 0);
	CHECK_INT(w.link, SHARED);
	CHECK(is(&w.next_hop, "192.0.2.1") && is(&w.source, "192.0.2.5"));
	CHECK_INT(w.mtu_bytes, 1300);
	/* an address of our own is asked of no one */
	host.questions = 0;
	CHECK_INT(way("192.0.2.5", NULL, 0, &w), -EHOSTUNREACH);
	CHECK_INT(host.questions, 0);
	/* one that the host alone knows for its own, and the routes of a link that is alone do not matter then */
	host.err = -EHOSTUNREACH;
	CHECK_INT(way("9.9.9.9", NULL, 0, &w), -EHOSTUNREACH);
	/* by a gateway of the other family */
	host_says(SHARED, "fe80::1", "192.0.2.5", 8);
	CHECK_INT(way("9.9.9.9", NULL, 0, &w), 0);
	CHECK(is(&w.next_hop, "fe80::1") && is(&w.source, "192.0.2.5"));
	/* over a link that is not Ethernet, without a source */
	host_says(UNKNOWN, "9.9.9.9", "192.0.2.5", 8);
	CHECK_INT(way("9.9.9.9", NULL, 0, &w), -ENETUNREACH);
	host_says(SHARED, "192.0.2.1", NULL, 8);
	CHECK_INT(way("9.9.9.9", NULL, 0, &w), -ENETUNREACH);
}

TEST(table_narrower_network_wins_between_host_and_links_alone)
{
	struct outer_way w;

	make_table();
	host_says(SHARED, "192.0.2.1", "192.0.2.5", 0);
	CHECK_INT(way("198.51.100.77", NULL, 0, &w), 0);
	CHECK_INT(w.link, ALONE);
	CHECK(is(&w.next_hop, "198.51.100.77") && is(&w.source, "198.51.100.5"));
	CHECK_INT(way("10.1.2.3", NULL, 0, &w), 0);
	CHECK(is(&w.next_hop, "10.7.0.1") && is(&w.source, "10.7.0.5")); /* of the gateway's network */
	CHECK_INT(w.mtu_bytes, 1400);
	CHECK_INT(way("9.9.9.9", NULL, 0, &w), 0); /* default routes of both */
	CHECK_INT(w.link, ALONE);
	host.way.prefix_len = 16;
	CHECK_INT(way("10.1.2.3", NULL, 0, &w), 0);
	CHECK_INT(w.link, SHARED);
	/* The host knows no way: theirs. */
	host.err = -ENETUNREACH;
	CHECK_INT(way("10.1.2.3", NULL, 0, &w), 0);
	CHECK_INT(w.link, ALONE);
	CHECK_INT(way("2001:db8:b::1", NULL, 0, &w), -ENETUNREACH);
	CHECK_INT(way("2001:db8:a::1", NULL, 0, &w), 0);
	CHECK(is(&w.source, "2001:db8:a::5"));
	CHECK_INT(way("fe80::99", NULL, 0, &w), 0);
	CHECK(is(&w.source, "fe80::a") && is(&w.next_hop, "fe80::99"));
	CHECK_INT(w.link, ALONE);
}

TEST(table_answers_from_the_address_that_was_written_to)
{
	struct outer_way w;

	make_table();
	host_says(SHARED, "192.0.2.1", "192.0.2.5", 8);
	CHECK_INT(way("9.9.9.9", "203.0.113.5", 0, &w), 0); /* asked for and ours */
	CHECK(is(&w.source, "203.0.113.5") && is(&host.last.local, "203.0.113.5"));
	CHECK_INT(way("9.9.9.9", "203.0.113.5", OTHER, &w), 0); /* IPv4 not out of another door */
	CHECK(is(&w.source, "192.0.2.5") && !host.last.local.family);
	CHECK_INT(way("9.9.9.9", "192.0.2.99", SHARED, &w), 0); /* not ours any more */
	CHECK(is(&w.source, "192.0.2.5") && !host.last.local.family);
	CHECK_INT(way("9.9.9.9", "2001:db8:2::5", SHARED, &w), 0);
	CHECK(is(&w.source, "192.0.2.5"));
	host_says(OTHER, "fe80::1", "2001:db8:2::6", 8);
	CHECK_INT(way("2001:db8:9::1", "2001:db8:2::5", SHARED, &w), 0); /* IPv6 may */
	CHECK(is(&w.source, "2001:db8:2::5"));
	CHECK_INT(w.link, OTHER);
	CHECK_INT(way("2001:db8:9::1", NULL, 0, &w), 0);
	CHECK(is(&w.source, "2001:db8:2::6"));
	/* From there nothing leads on, from elsewhere it does. */
	host_says(SHARED, "192.0.2.1", "192.0.2.5", 8);
	host.err_from = -ENETUNREACH;
	table.route_count = 0;
	CHECK_INT(way("9.9.9.9", "203.0.113.5", OTHER, &w), 0);
	CHECK(is(&w.source, "192.0.2.5"));
}

TEST(pmtu_is_lowered_and_ages)
{
	static struct pmtu pmtu;
	struct inet_addr a = addr("2001:db8::a"), b = addr("2001:db8::1"), c;
	uint64_t until;

	memset(&pmtu, 0, sizeof(pmtu));
	CHECK_INT(pmtu_get(&pmtu, &a, 5, &until), 0);
	CHECK(until == UINT64_MAX);
	CHECK(pmtu_learn(&pmtu, &a, 1400, 5));
	CHECK(!pmtu_learn(&pmtu, &a, 1450, 6));
	CHECK_INT(pmtu_get(&pmtu, &a, 7, &until), 1400);
	CHECK(until == 5 + OUTER_MTU_AGE_S * NS_PER_S);
	CHECK(pmtu_learn(&pmtu, &b, 10, 8)); /* crumbs are refused */
	CHECK_INT(pmtu_get(&pmtu, &b, 9, &until), 1280);
	CHECK_INT(pmtu_get(&pmtu, &b, 8 + OUTER_MTU_AGE_S * NS_PER_S, &until), 0);
	for (unsigned i = 0; i < 1000; i++) { /* bounded: the newest stay */
		c = addr("2001:db8:c::");
		c.bytes[14] = (uint8_t)(i >> 8), c.bytes[15] = (uint8_t)i;
		CHECK(pmtu_learn(&pmtu, &c, 1300, 100 + i));
	}
	CHECK_INT(pmtu_get(&pmtu, &c, 2000, &until), 1300);
	CHECK_INT(pmtu_get(&pmtu, &a, 2000, &until), 0);
}

TEST(sum_as_rfc_1071_whatever_the_length)
{
	static uint8_t bytes[300], copy[300];
	/* RFC 1071 3: 00 01 f2 03 f4 f5 f6 f7 sums to ddf2 */
	const uint8_t example[] = { 0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7 };
	uint8_t out[2];

	sum_put_open(out, sum_bytes(0, example, sizeof(example)));
	CHECK_INT(load_be16(out), 0xddf2);
	srandom(3);
	for (size_t len = 0; len < sizeof(bytes); len++) {
		uint32_t slow = 0;

		for (size_t i = 0; i < len; i++) {
			bytes[i] = len % 3 ? (uint8_t)random() : 0xff;
			slow += i % 2 ? bytes[i] : (uint32_t)bytes[i] << 8;
		}
		while (slow >> 16)
			slow = (slow & 0xffff) + (slow >> 16);
		sum_put_open(out, sum_bytes(0, bytes, len));
		CHECK_INT(load_be16(out), slow);
		memset(copy, 0xaa, sizeof(copy));
		sum_put_open(out, sum_copy(0, copy, bytes, len));
		CHECK_INT(load_be16(out), slow);
		CHECK_MEM(copy, bytes, len);
		CHECK(len == sizeof(copy) || copy[len] == 0xaa);
	}
}

static struct filter_take take;

/* The kernel runs the program over a datagram of a socket pair. What only a NIC's frame has (packet type, VLAN tag) reads
 * as a packet for this host without a tag. */
static int passes(const uint8_t *frame, size_t len, bool alone)
{
	struct filter filter;
	struct sock_fprog program;
	uint8_t buf[256];
	int fds[2], result;

	filter_build(&filter, PORT, alone, &take);
	program = (struct sock_fprog){ filter.len, filter.code };
	if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, fds) < 0)
		return -1;
	if (setsockopt(fds[1], SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) < 0)
		result = -2;
	else {
		(void)send(fds[0], frame, len, 0);
		result = recv(fds[1], buf, sizeof(buf), 0) == (ssize_t)len;
	}
	close(fds[0]);
	close(fds[1]);
	return result;
}

static uint8_t frame[128];

static void ip4(uint8_t protocol, uint16_t offset, uint8_t header_len, uint16_t first, uint16_t second)
{
	memset(frame, 0, sizeof(frame));
	store_be16(frame + 12, ETH_P_IP);
	frame[14] = (uint8_t)(0x40 | header_len / 4);
	store_be16(frame + 20, offset);
	frame[23] = protocol;
	store_be16(frame + 14 + header_len, first);
	store_be16(frame + 16 + header_len, second);
}

static void ip6(uint8_t next, uint16_t first, uint16_t second)
{
	memset(frame, 0, sizeof(frame));
	store_be16(frame + 12, ETH_P_IPV6);
	frame[14] = 0x60;
	frame[20] = next;
	store_be16(frame + 54, first);
	store_be16(frame + 56, second);
}

static int both(void)
{
	int shared = passes(frame, sizeof(frame), false), alone = passes(frame, sizeof(frame), true);

	return shared < 0 || alone < 0 ? -1 : shared * 10 + alone;
}

TEST(ident_is_another_for_each_datagram_and_never_one_of_the_other_path)
{
	static bool taken[UINT16_MAX + 1];
	struct ident_key odd, even;

	ident_key_make(&odd);
	ident_set_port(&odd, 4567);
	ident_key_make(&even);
	ident_set_port(&even, 4568);
	for (uint32_t id = 0; id <= UINT16_MAX / 2; id++) {
		uint8_t ip[20] = { 0x45, 0, 5, 0, (uint8_t)(id >> 8), (uint8_t)id, 0x20, 0, 64, 17, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2 };
		uint8_t again[20], others[20];

		sum_put(ip + 10, sum_bytes(0, ip, sizeof(ip)));
		memcpy(again, ip, sizeof(ip));
		memcpy(others, ip, sizeof(ip));
		ident_scatter4(&odd, ip);
		ident_scatter4(&odd, again);
		ident_scatter4(&even, others);
		CHECK(!memcmp(ip, again, sizeof(ip))); /* another fragment */
		CHECK(sum_is_right(sum_bytes(0, ip, sizeof(ip))) && sum_is_right(sum_bytes(0, others, sizeof(others))));
		CHECK(!taken[load_be16(ip + 4)]);
		taken[load_be16(ip + 4)] = true;
		CHECK(!taken[load_be16(others + 4)]);
		taken[load_be16(others + 4)] = true;
	}
}

TEST(ident_of_ipv6_is_in_the_fragment_header_alone)
{
	const struct ident_key key = { .factor = 0x10001, .offset = 5, .lowest = 1 };
	uint8_t ip[48] = { 0x60, [6] = 17, [47] = 3 }, before[48];

	memcpy(before, ip, sizeof(ip));
	ident_scatter6(&key, ip);
	CHECK(!memcmp(ip, before, sizeof(ip)));
	ip[6] = 44;
	ident_scatter6(&key, ip);
	CHECK_INT(load_be32(ip + 44), 0x60011);
}

TEST(filter_takes_what_is_ours_only)
{
	ip4(IPPROTO_UDP, 0, 20, 9, PORT);
	CHECK_INT(both(), 11);
	ip4(IPPROTO_UDP, 0, 60, 9, PORT); /* with options */
	CHECK_INT(both(), 11);
	ip4(IPPROTO_UDP, 0, 20, PORT, PORT + 1);
	CHECK_INT(both(), 0);
	ip4(IPPROTO_UDP, 0x2000, 20, 9, PORT); /* a first fragment */
	CHECK_INT(both(), 11);
	ip4(IPPROTO_UDP, 0x2000, 20, 9, PORT + 1);
	CHECK_INT(both(), 0);
	ip4(IPPROTO_UDP, 0x2001, 20, 1, 2); /* later ones */
	CHECK_INT(both(), 11);
	ip4(IPPROTO_UDP, 0x00ff, 20, 1, 2);
	CHECK_INT(both(), 11);
	ip4(IPPROTO_TCP, 0, 20, 9, PORT);
	CHECK_INT(both(), 0);
	ip4(IPPROTO_TCP, 0x2001, 20, 9, PORT);
	CHECK_INT(both(), 0);
	ip4(IPPROTO_ICMP, 0, 20, 3 << 8 | 4, 0); /* too big: our packets may be cut */
	CHECK_INT(both(), 0);
	ip4(IPPROTO_ICMP, 1, 20, 8 << 8, 0);
	CHECK_INT(both(), 0);
	ip4(IPPROTO_ICMP, 0, 20, 3 << 8 | 3, 0);
	CHECK_INT(both(), 0);
	ip4(IPPROTO_ICMP, 0, 20, 8 << 8, 0);
	CHECK_INT(both(), 1);
	ip6(IPPROTO_UDP, 9, PORT);
	CHECK_INT(both(), 11);
	ip6(IPPROTO_UDP, PORT, 9);
	CHECK_INT(both(), 0);
	ip6(IPPROTO_FRAGMENT, IPPROTO_UDP << 8, 1);
	CHECK_INT(both(), 11);
	ip6(IPPROTO_FRAGMENT, IPPROTO_TCP << 8, 1);
	CHECK_INT(both(), 0);
	ip6(IPPROTO_ICMPV6, 2 << 8, 0);
	CHECK_INT(both(), 11);
	ip6(IPPROTO_ICMPV6, 136 << 8, 0);
	CHECK_INT(both(), 1);
	ip6(IPPROTO_ICMPV6, 135 << 8, 0);
	CHECK_INT(both(), 1);
	ip6(IPPROTO_ICMPV6, 128 << 8, 0);
	CHECK_INT(both(), 1);
	ip6(IPPROTO_ICMPV6, 134 << 8, 0); /* router advertisements are the kernel's */
	CHECK_INT(both(), 0);
	ip6(IPPROTO_TCP, 9, PORT);
	CHECK_INT(both(), 0);
	memset(frame, 0, sizeof(frame)); /* where the kernel is, neighbours are its business */
	store_be16(frame + 12, ETH_P_ARP);
	CHECK_INT(both(), 1);
	store_be16(frame + 12, 0x88cc); /* LLDP */
	CHECK_INT(both(), 0);
	CHECK_INT(passes(frame, 13, true), 0); /* too short for a load is a drop */
}

/* By which socket the frame comes: 1 ahead, 2 behind, 3 both, 0 none. */
static int comes_by(bool alone)
{
	int result = 0;

	for (int part = FILTER_AHEAD; part <= FILTER_BEHIND; part++) {
		take = (struct filter_take){ part, 0x04000000 };
		result += passes(frame, sizeof(frame), alone) * (part == FILTER_AHEAD ? 1 : 2);
	}
	take = (struct filter_take){ .part = FILTER_ALL };
	return result;
}

static int comes_with(size_t at, uint32_t word)
{
	store_be32(frame + at, word);
	return comes_by(true) == comes_by(false) ? comes_by(false) : -1;
}

TEST(filter_of_two_sockets_lets_each_frame_through_once)
{
	enum { AHEAD = 1, BEHIND = 2, UDP4_AT = 42, OPTIONS_AT = 82, UDP6_AT = 62 };

	ip4(IPPROTO_UDP, 0, 20, 9, PORT);
	CHECK_INT(comes_with(UDP4_AT, 0x04000000), AHEAD);
	for (uint32_t type = 0; type < 256; type++) /* all that is no data, whether there is such a message or not */
		CHECK_INT(comes_with(UDP4_AT, type << 24), type == 4 ? AHEAD : BEHIND);
	CHECK_INT(comes_with(UDP4_AT, 0x04000001), BEHIND);
	ip4(IPPROTO_UDP, 0, 60, 9, PORT);
	CHECK_INT(comes_with(OPTIONS_AT, 0x04000000), AHEAD);
	CHECK_INT(comes_with(OPTIONS_AT, 0x01000000), BEHIND);
	ip4(IPPROTO_UDP, 0, 20, 9, PORT + 1);
	CHECK_INT(comes_with(UDP4_AT, 0x04000000), 0);
	CHECK_INT(comes_with(UDP4_AT, 0x01000000), 0);
	ip4(IPPROTO_UDP, 0x2000, 20, 9, PORT); /* what is to be put together is so in one place */
	CHECK_INT(comes_with(UDP4_AT, 0x01000000), AHEAD);
	ip4(IPPROTO_UDP, 0x00ff, 20, 1, 2);
	CHECK_INT(comes_with(UDP4_AT, 0x01000000), AHEAD);
	ip6(IPPROTO_UDP, 9, PORT);
	CHECK_INT(comes_with(UDP6_AT, 0x04000000), AHEAD);
	CHECK_INT(comes_with(UDP6_AT, 0x02000000), BEHIND);
	ip6(IPPROTO_UDP, 9, PORT + 1);
	CHECK_INT(comes_with(UDP6_AT, 0x02000000), 0);
	ip6(IPPROTO_FRAGMENT, IPPROTO_UDP << 8, 1);
	CHECK_INT(comes_with(UDP6_AT, 0x02000000), AHEAD);
	ip6(IPPROTO_ICMPV6, 2 << 8, 0);
	CHECK_INT(comes_by(false), AHEAD);
	ip6(IPPROTO_ICMPV6, 135 << 8, 0);
	CHECK_INT(comes_by(true), AHEAD);
	CHECK_INT(comes_by(false), 0);
	ip4(IPPROTO_ICMP, 0, 20, 8 << 8, 0);
	CHECK_INT(comes_by(true), AHEAD);
	CHECK_INT(comes_by(false), 0);
	memset(frame, 0, sizeof(frame));
	store_be16(frame + 12, ETH_P_ARP);
	CHECK_INT(comes_by(true), AHEAD);
	CHECK_INT(comes_by(false), 0);
}

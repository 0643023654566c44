/* One key on two machines: what a peer and a link show of it, and what shows nothing of the kind. */
#include "test.h"

#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "gateway/clone_signs.h"
#include "gateway/overhear.h"
#include "network/conflict.h"

enum { LOOK_S = 5 };

static struct clone_signs signs;
static struct tunnel_peer peer;
static uint64_t now_ns;

static struct inet_endpoint endpoint(uint8_t last)
{
	return (struct inet_endpoint){ .addr = { .family = AF_INET, .bytes = { 192, 0, 2, last } }, .port = 4567 };
}

static void begin(void)
{
	signs = (struct clone_signs){ 0 };
	now_ns = 1000 * NS_PER_S;
	peer = (struct tunnel_peer){ .handshake_s = 1000, .endpoint = endpoint(1) };
	clone_signs_look(&signs, &peer, false, now_ns);
}

static enum clone_kind look(bool left)
{
	now_ns += LOOK_S * NS_PER_S;
	clone_signs_look(&signs, &peer, left, now_ns);
	return clone_signs_judge(&signs, now_ns);
}

static void shake_hands(void)
{
	peer.handshake_s = (int64_t)(now_ns / NS_PER_S);
}

TEST(clone_is_seen_by_sessions_that_the_peer_leaves_one_after_the_other)
{
	begin();
	CHECK_INT(look(true), CLONE_NONE);
	CHECK_INT(look(true), CLONE_NONE); /* the same session again */
	shake_hands();
	CHECK_INT(look(false), CLONE_NONE);
	CHECK_INT(look(true), CLONE_OF_US);
	CHECK_INT(look(false), CLONE_OF_US);
}

TEST(clone_is_over_when_no_session_was_left_for_as_long_as_one_lasts)
{
	begin();
	(void)look(true);
	shake_hands();
	CHECK_INT(look(true), CLONE_OF_US);
	for (unsigned s = 0; s + LOOK_S <= CLONE_OVER_S; s += LOOK_S)
		CHECK_INT(look(false), CLONE_OF_US);
	CHECK_INT(look(false), CLONE_NONE);
	shake_hands();
	CHECK_INT(look(true), CLONE_NONE); /* and counts anew */
}

TEST(clone_is_not_seen_in_sessions_that_are_left_rarely)
{
	begin();
	for (unsigned i = 0; i < 10; i++) {
		CHECK_INT(look(true), CLONE_NONE);
		now_ns += CLONE_OVER_S * NS_PER_S;
		shake_hands();
		CHECK_INT(look(false), CLONE_NONE);
	}
}

TEST(clone_of_a_peer_is_seen_by_sessions_too_soon_at_two_places)
{
	begin();
	for (unsigned i = 0; i < CLONE_RENEWALS; i++) {
		CHECK_INT(look(false), CLONE_NONE);
		CHECK_INT(look(false), CLONE_NONE);
		peer.endpoint = endpoint(i % 2 ? 1 : 2);
		shake_hands();
		CHECK_INT(look(false), i + 1 < CLONE_RENEWALS ? CLONE_NONE : CLONE_OF_PEER);
	}
	for (unsigned s = 0; s + LOOK_S <= CLONE_OVER_S; s += LOOK_S)
		CHECK_INT(look(false), CLONE_OF_PEER);
	CHECK_INT(look(false), CLONE_NONE);
}

TEST(clone_is_no_peer_that_renews_its_session_all_the_time_at_one_place)
{
	begin();
	for (unsigned i = 0; i < 40; i++) {
		shake_hands();
		CHECK_INT(look(false), CLONE_NONE);
	}
	peer.endpoint = endpoint(2);
	for (unsigned i = 0; i < 40; i++) {
		shake_hands();
		CHECK_INT(look(false), CLONE_NONE);
	}
}

TEST(clone_is_no_peer_that_roams_on)
{
	begin();
	for (uint8_t i = 0; i < 20; i++) {
		peer.endpoint = endpoint((uint8_t)(2 + i % 3));
		shake_hands();
		CHECK_INT(look(false), CLONE_NONE);
	}
}

TEST(clone_is_no_peer_with_two_uplinks)
{
	begin();
	for (unsigned i = 0; i < 100; i++) {
		peer.endpoint = endpoint(i % 2 ? 1 : 2);
		if (i % 24 == 0)
			shake_hands(); /* every two minutes, as WireGuard does */
		CHECK_INT(look(false), CLONE_NONE);
	}
}

TEST(clone_is_no_peer_that_we_look_for_elsewhere)
{
	begin();
	for (unsigned i = 0; i < 40; i++) {
		if (i % 2 == 0)
			clone_signs_moved(&signs);
		peer.endpoint = endpoint(i % 2 ? 1 : 2);
		shake_hands();
		CHECK_INT(look(false), CLONE_NONE);
	}
}

static struct overheard heard;

/* A packet of so many bytes that tells the receiver. */
static void hear(uint8_t family, uint8_t type, uint32_t receiver, size_t len)
{
	uint8_t bytes[128] = { 0x46 }; /* with options */
	size_t at = family == AF_INET ? 24 + 8 : 8;

	bytes[at] = type;
	store_le32(bytes + at + (type == 4 ? 4 : 8), receiver);
	overhear_packet(&heard, family, 7, bytes, len);
}

TEST(overhear_tells_data_for_another_session_from_our_own)
{
	heard = (struct overheard){ 0 };
	hear(AF_INET, 4, 7, 64);
	hear(AF_INET6, 4, 7, 64);
	CHECK_INT(heard.elsewhere, 0);
	hear(AF_INET, 4, 8, 64);
	hear(AF_INET6, 4, 8, 64);
	CHECK_INT(heard.elsewhere, 2);
	hear(AF_INET, 4, 8, 43); /* cut off */
	hear(AF_INET, 3, 8, 64);
	CHECK_INT(heard.elsewhere, 2);
	CHECK(!heard.initiated && !heard.responded);
}

TEST(overhear_remembers_the_last_handshake_message)
{
	heard = (struct overheard){ 0 };
	hear(AF_INET, 2, 0x01020304, 96);
	CHECK(heard.responded && heard.receiver == 0x01020304);
	hear(AF_INET, 1, 0, 96);
	CHECK(heard.initiated && !heard.responded);
}

static const uint8_t data[16] = { 4, 0, 0, 0, 8 }, response[16] = { 2, [8] = 9 };

/* The address of one end on the loopback; port 0: the kernel's choice, which *port is then. */
static int loopback_socket(struct inet_endpoint *end)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	bool v4 = end->addr.family == AF_INET;
	socklen_t len = v4 ? sizeof(in) : sizeof(in6);
	struct sockaddr *to = v4 ? (void *)&in : (void *)&in6;
	int fd = socket(end->addr.family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	if (bind(fd, to, len) < 0 || getsockname(fd, to, &len) < 0) {
		close(fd);
		return -1;
	}
	end->port = ntohs(v4 ? in.sin_port : in6.sin6_port);
	memcpy(end->addr.bytes, v4 ? (void *)&in.sin_addr : (void *)&in6.sin6_addr, v4 ? 4 : 16);
	return fd;
}

static bool send_to(int fd, const struct inet_endpoint *to, const uint8_t *bytes)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(to->port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_port = htons(to->port), .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	bool v4 = to->addr.family == AF_INET;

	return sendto(fd, bytes, 16, 0, v4 ? (void *)&in : (void *)&in6, v4 ? sizeof(in) : sizeof(in6)) == 16;
}

/* What is heard of a response and of data, from the peer and from another port. */
static bool hears(uint8_t family)
{
	struct inet_endpoint ours = { .addr.family = family }, peers = ours, others = ours;
	int own = loopback_socket(&ours), from = loopback_socket(&peers), other = loopback_socket(&others);
	int fd = overhear_open(&peers, ours.port);
	const int fds[] = { own, from, other, fd };
	bool as_told;

	as_told = own >= 0 && from >= 0 && other >= 0 && fd >= 0 && send_to(from, &ours, data) && send_to(from, &ours, response) &&
		  send_to(other, &ours, response);
	overhear_read(fd, family, 7, &heard);
	as_told = as_told && heard.responded && heard.receiver == 9 && !heard.elsewhere;
	as_told = as_told && overhear_data(fd, &peers, ours.port, true) == 0 && send_to(from, &ours, data) &&
		  send_to(other, &ours, data) && send_to(from, &peers, data);
	overhear_read(fd, family, 7, &heard);
	as_told = as_told && !heard.responded && heard.elsewhere == 1;
	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		if (fds[i] >= 0)
			close(fds[i]);
	return as_told;
}

TEST(overhear_hears_one_peer_at_one_port)
{
	int fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_UDP);

	if (fd < 0)
		SKIP("no raw sockets for this user");
	close(fd);
	CHECK(hears(AF_INET));
	fd = loopback_socket(&(struct inet_endpoint){ .addr.family = AF_INET6 });
	if (fd < 0)
		SKIP("no IPv6 here");
	close(fd);
	CHECK(hears(AF_INET6));
}

static const uint8_t mac[LINK_MAC_LEN] = { 2, 0, 0, 0, 0, 1 }, address[4] = { 192, 0, 2, 1 };

TEST(conflict_probe_asks_for_an_address_and_claims_none)
{
	/* RFC 5227 1.1: sender's address all zero, target's MAC too. */
	static const uint8_t expected[ARP_LEN] = { 0, 1, 8, 0, 6, 4, 0, 1, 2, 0, 0, 0, 0, 1, 0,  0,
							  0, 0, 0, 0, 0, 0, 0, 0, 192, 0, 2, 1 };
	uint8_t bytes[ARP_LEN];
	struct arp_claim claim;

	arp_probe(bytes, mac, address);
	CHECK_MEM(bytes, expected, sizeof(bytes));
	CHECK(arp_read(bytes, sizeof(bytes), &claim));
	CHECK(!claim.answer);
	CHECK_MEM(claim.address, address, sizeof(address));
}

TEST(conflict_answer_claims_the_senders_address)
{
	uint8_t bytes[ARP_LEN];
	struct arp_claim claim;

	arp_probe(bytes, mac, (const uint8_t[4]){ 192, 0, 2, 9 });
	bytes[7] = 2;
	memcpy(bytes + 14, address, sizeof(address));
	CHECK(arp_read(bytes, sizeof(bytes), &claim));
	CHECK(claim.answer);
	CHECK_MEM(claim.address, address, sizeof(address));
	CHECK_MEM(claim.mac, mac, sizeof(mac));
	CHECK(!arp_read(bytes, sizeof(bytes) - 1, &claim));
	memset(bytes + 14, 0, sizeof(address));
	CHECK(!arp_read(bytes, sizeof(bytes), &claim)); /* an answer of no one's */
	bytes[7] = 3;
	CHECK(!arp_read(bytes, sizeof(bytes), &claim));
}

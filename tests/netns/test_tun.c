/* The TUN helper: two devices in two namespaces joined in this process, with the kernel's TCP and UDP on both sides. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/sum.h"
#include "netlink/netns.h"
#include "../unit/test.h"
#include "engine/tun.h"

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#define UDP_GRO 104
#endif

#define NO_USO "the TUN of this kernel splits no UDP: it is older than 6.2"

enum { MTU = 1420, HEADROOM = 16, TAILROOM = 16, BUF = 70000, PACKETS = 64, PORT = 7000 };

static const char *const names[2] = { "tun-a", "tun-b" };
static const struct tun_layout layout = { HEADROOM, TAILROOM, 16, MTU };
static int spaces[2], home = -1;
static struct tun tuns[2];
static uint8_t bufs[2][BUF];

/* What went through the joint. */
static struct {
	size_t packets, longest, supers, wrong, batches;
	bool loose_order; /* swap neighbours: coalescing must not join what is not consecutive */
} seen;

__attribute__((format(printf, 1, 2))) static void run(const char *format, ...)
{
	char command[512];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(command, sizeof(command), format, args);
	va_end(args);
	if (system(command) != 0)
		(void)fprintf(stderr, "failed: %s\n", command);
}

static void stop(void)
{
	for (int i = 0; i < 2; i++)
		tun_close(&tuns[i]);
	for (int i = 0; i < 2; i++)
		(void)netns_remove(names[i]);
}

static int start(unsigned flags)
{
	bool created;
	int err = 0;

	if (home < 0) {
		home = netns_current();
		(void)atexit(stop);
		tuns[0].fd = tuns[1].fd = -1;
	}
	stop();
	memset(&seen, 0, sizeof(seen));
	for (int i = 0; i < 2 && !err; i++) {
		spaces[i] = netns_open(names[i], &created);
		err = tun_open(&tuns[i], "wg9", spaces[i], flags);
		run("ip -n %s addr add 10.9.0.%d/24 dev wg9; ip -n %s addr add fd09::%d/64 dev wg9 nodad; "
		    "ip -n %s link set wg9 mtu %d up", names[i], i + 1, names[i], i + 1, names[i], MTU);
		tun_set_mtu(&tuns[i], MTU);
		/* The kernel takes up IPv6 addresses in a work of its own, nodad or not. */
		run("for i in $(seq 100); do ip -n %s -6 addr show dev wg9 tentative | grep -q fd09 || break; sleep .01; done",
		    names[i]);
	}
	return err;
}

static int socket_in(int i, int family, int type)
{
	int fd;

	if (setns(spaces[i], CLONE_NEWNET) < 0)
		abort();
	fd = socket(family, type, 0);
	if (setns(home, CLONE_NEWNET) < 0)
		abort();
	return fd;
}

static socklen_t address(int i, int family, struct sockaddr_storage *to)
{
	struct sockaddr_in in4 = { .sin_family = AF_INET, .sin_port = htons(PORT), .sin_addr = { htonl(0x0a090001u + (unsigned)i) } };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_port = htons(PORT) };

	memcpy(&in6.sin6_addr, (const uint8_t[16]){ 0xfd, 9, [15] = (uint8_t)(i + 1) }, 16);
	if (family == AF_INET)
		memcpy(to, &in4, sizeof(in4));
	else
		memcpy(to, &in6, sizeof(in6));
	return family == AF_INET ? sizeof(in4) : sizeof(in6);
}

/* Any packet of the kernel must be right to the bit when the helper gives it out. */
static bool is_right(const uint8_t *packet, size_t len)
{
	size_t at = packet[0] >> 4 == 4 ? 20 : 40;
	uint8_t protocol = at == 20 ? packet[9] : packet[6];
	uint64_t sum = at == 20 ? sum_bytes(0, packet + 12, 8) : sum_bytes(0, packet + 8, 32);

	if (at == 20 ? load_be16(packet + 2) != len || !sum_is_right(sum_bytes(0, packet, 20)) :
		       load_be16(packet + 4) + 40u != len)
		return false;
	if (protocol != IPPROTO_TCP && protocol != IPPROTO_UDP)
		return true;
	sum = sum_be16(sum_be16(sum, protocol), (uint32_t)(len - at));
	return sum_is_right(sum_bytes(sum, packet + at, len - at));
}

/* Moves what waits in one to the other, both ways. */
static void join(void)
{
	struct tun_packet packets[PACKETS];
	size_t used;

	for (int i = 0; i < 2; i++)
		for (int k = 0; k < 16; k++) {
			int n = tun_read(&tuns[i], &layout, bufs[i], BUF, packets, PACKETS, &used);
			bool super = n > 1;

			if (n <= 0)
				break;
			seen.supers += super;
			seen.batches++;
			seen.packets += (size_t)n;
			for (int p = 0; p < n; p++) {
				size_t len = packets[p].len;

				if (len > seen.longest)
					seen.longest = len;
				if (!is_right(packets[p].bytes, len))
					seen.wrong++;
				/* Lies as a super-frame would. */
				if (super && p && packets[p].bytes - packets[p - 1].bytes != HEADROOM + TAILROOM +
				    (packets[p - 1].len + 15 > MTU ? MTU : (ptrdiff_t)((packets[p - 1].len + 15) & ~(size_t)15)))
					seen.wrong++;
				if (super && p && p < n - 1 && len != packets[0].len)
					seen.wrong++;
			}
			if (seen.loose_order && n > 2) {
				struct tun_packet swap = packets[0];

				packets[0] = packets[1];
				packets[1] = swap;
			}
			for (int p = 0; p < n; p++)
				tun_write(&tuns[1 - i], packets[p].bytes, packets[p].len);
			tun_flush(&tuns[1 - i]);
		}
}

static bool stream(int family, size_t total)
{
	static uint8_t out[200000], in[200000];
	int listener = socket_in(1, family, SOCK_STREAM), fd = socket_in(0, family, SOCK_STREAM), peer = -1, one = 1;
	struct sockaddr_storage to;
	socklen_t len = address(1, family, &to);
	size_t sent = 0, received = 0;
	uint64_t deadline = clock_now_ns() + 20 * NS_PER_S;
	bool right = true;

	(void)setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(listener, (struct sockaddr *)&to, len) < 0 || listen(listener, 1) < 0)
		return false;
	(void)fcntl(fd, F_SETFL, O_NONBLOCK);
	(void)fcntl(listener, F_SETFL, O_NONBLOCK);
	(void)connect(fd, (struct sockaddr *)&to, len);
	while (received < total && clock_now_ns() < deadline) {
		struct pollfd ready[] = { { tuns[0].fd, POLLIN, 0 }, { tuns[1].fd, POLLIN, 0 } };
		ssize_t n;

		(void)poll(ready, 2, 1);
		join();
		if (peer < 0)
			peer = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
		if (peer < 0)
			continue;
		if (sent < total) {
			size_t want = total - sent < 150000 ? total - sent : 150000;

			for (size_t i = 0; i < want; i++)
				out[i] = (uint8_t)((sent + i) * 13 + (sent + i) / 509);
			n = send(fd, out, want, MSG_NOSIGNAL);
			sent += n > 0 ? (size_t)n : 0;
		}
		while ((n = recv(peer, in, sizeof(in), 0)) > 0)
			for (ssize_t i = 0; i < n; i++, received++)
				right = right && in[i] == (uint8_t)(received * 13 + received / 509);
	}
	close(fd), close(peer), close(listener);
	return right && received == total;
}

TEST(tso_segments_are_right_and_coalesce)
{
	CHECK_INT(start(0), 0);
	CHECK(tuns[0].vnet && tuns[0].tso);
	CHECK(stream(AF_INET, 20000000));
	CHECK(stream(AF_INET6, 20000000));
	CHECK_INT(seen.wrong, 0);
	CHECK(seen.supers > 100);
	CHECK(seen.longest <= MTU);
	CHECK_INT(tuns[1].stats.write_dropped + tuns[0].stats.write_dropped + tuns[0].stats.read_dropped, 0);
	CHECK(tuns[1].stats.writes * 5 < tuns[1].stats.write_packets); /* on average more than five in one */
}

TEST(streams_survive_reordering)
{
	CHECK_INT(start(0), 0);
	seen.loose_order = true;
	CHECK(stream(AF_INET, 5000000));
	CHECK(stream(AF_INET6, 5000000));
	CHECK_INT(seen.wrong, 0);
	CHECK_INT(tuns[1].stats.write_dropped, 0);
}

TEST(plain_packets_without_a_vnet_header)
{
	CHECK_INT(start(TUN_NO_VNET), 0);
	CHECK(!tuns[0].vnet && !tuns[0].tso && !tuns[0].uso);
	CHECK(stream(AF_INET, 2000000));
	CHECK(stream(AF_INET6, 2000000));
	CHECK_INT(seen.wrong, 0);
	CHECK_INT(seen.supers, 0);
	CHECK_INT(tuns[1].stats.writes, tuns[1].stats.write_packets);
}

TEST(mtu_larger_and_smaller_than_was_told)
{
	CHECK_INT(start(0), 0);
	tun_set_mtu(&tuns[0], 68);
	CHECK(stream(AF_INET, 2000000));
	tun_set_mtu(&tuns[0], 100000);
	CHECK(stream(AF_INET6, 2000000));
	CHECK_INT(seen.wrong, 0);
	run("ip -n %s link set wg9 mtu 9000; ip -n %s link set wg9 mtu 9000", names[0], names[1]);
	seen.longest = 0;
	tun_set_mtu(&tuns[0], 1420);
	CHECK(stream(AF_INET, 5000000));
	CHECK(seen.longest > 8000 && seen.longest <= 9000);
}

static bool datagrams(int family, size_t total, int segment, bool gro)
{
	static uint8_t out[65536], in[65536];
	int fd = socket_in(0, family, SOCK_DGRAM), peer = socket_in(1, family, SOCK_DGRAM), one = 1, big = 4 << 20;
	struct sockaddr_storage to;
	socklen_t len = address(1, family, &to);
	size_t received = 0;
	bool right = true;

	for (size_t i = 0; i < total; i++)
		out[i] = (uint8_t)(i * 11 + i / 257);
	(void)setsockopt(peer, SOL_SOCKET, SO_RCVBUFFORCE, &big, sizeof(big));
	if (gro)
		(void)setsockopt(peer, IPPROTO_UDP, UDP_GRO, &one, sizeof(one));
	(void)setsockopt(fd, IPPROTO_UDP, UDP_SEGMENT, &segment, sizeof(segment));
	if (bind(peer, (struct sockaddr *)&to, len) < 0 || sendto(fd, out, total, 0, (struct sockaddr *)&to, len) < 0) {
		perror("datagrams");
		return false;
	}
	for (int i = 0; i < 30000 && received < total; i++) { /* milliseconds, at least */
		ssize_t n;

		join();
		while ((n = recv(peer, in, sizeof(in), MSG_DONTWAIT)) > 0) {
			right = right && memcmp(in, out + received, (size_t)n) == 0 && (gro || n <= segment);
			received += (size_t)n;
		}
		(void)poll(NULL, 0, 1);
	}
	close(fd), close(peer);
	if (!right || received != total)
		(void)fprintf(stderr, "%zu of %zu bytes, %s\n", received, total, right ? "right" : "wrong");
	return right && received == total;
}

TEST(uso_splits_and_coalesces)
{
	CHECK_INT(start(0), 0);
	if (!tuns[0].uso)
		SKIP(NO_USO);
	for (int gro = 0; gro < 2; gro++) {
		CHECK(datagrams(AF_INET, 40 * 1392 + 5, 1392, gro));
		CHECK(datagrams(AF_INET6, 40 * 1372 + 5, 1372, gro));
		CHECK(datagrams(AF_INET, 30 * 64, 64, gro));
		CHECK(datagrams(AF_INET, 1393, 1392, gro));
	}
	CHECK_INT(seen.wrong, 0);
	CHECK(seen.supers >= 6);
	CHECK(tuns[1].stats.writes * 3 < tuns[1].stats.write_packets);
	CHECK_INT(tuns[1].stats.write_dropped, 0);
}

TEST(without_uso)
{
	CHECK_INT(start(TUN_NO_USO), 0);
	CHECK(!tuns[0].uso && tuns[0].tso);
	CHECK(datagrams(AF_INET, 20 * 1392 + 5, 1392, false));
	CHECK(datagrams(AF_INET6, 20 * 1372 + 5, 1372, true));
	CHECK(stream(AF_INET, 2000000));
	CHECK_INT(seen.wrong, 0);
}

/* One super-packet of UDP into the first device. */
static bool send_super(const void *bytes, size_t len, int segment)
{
	int fd = socket_in(0, AF_INET, SOCK_DGRAM);
	struct sockaddr_storage to;
	socklen_t to_len = address(1, AF_INET, &to);
	bool sent = setsockopt(fd, IPPROTO_UDP, UDP_SEGMENT, &segment, sizeof(segment)) == 0 &&
		    sendto(fd, bytes, len, 0, (struct sockaddr *)&to, to_len) == (ssize_t)len;

	close(fd);
	return sent;
}

/* A buffer for few packets: the rest of the super-packet comes with the next call. */
TEST(a_split_goes_on)
{
	static uint8_t out[30000];
	struct tun_packet packets[4];
	int total = 0;
	size_t used;

	CHECK_INT(start(0), 0);
	if (!tuns[0].uso)
		SKIP(NO_USO);
	CHECK(send_super(out, sizeof(out), 1000));
	for (int n; (n = tun_read(&tuns[0], &layout, bufs[0], BUF, packets, 4, &used)) > 0;)
		for (int i = 0; i < n; i++)
			if (load_be16(packets[i].bytes + 2) == 1028 && is_right(packets[i].bytes, 1028))
				total++;
	CHECK_INT(total, 30);
	CHECK_INT(tun_read(&tuns[0], &layout, bufs[0], 1000, packets, 4, &used), -EINVAL);
}

/* Small ones too: the kernel hands over packet by packet what has more segments than the device takes. */
TEST(what_an_application_sends_at_once_is_one_read)
{
	enum { SEGMENT = 64, COUNT = 64 };
	static uint8_t out[COUNT * SEGMENT];
	struct tun_packet packets[PACKETS];
	size_t used, reads, total = 0, most = 0;

	CHECK_INT(start(0), 0);
	if (!tuns[0].uso)
		SKIP(NO_USO);
	reads = tuns[0].stats.reads;
	CHECK(send_super(out, sizeof(out), SEGMENT));
	/* Among them may be what IPv6 says for itself. */
	for (int n; (n = tun_read(&tuns[0], &layout, bufs[0], BUF, packets, PACKETS, &used)) > 0; total += (size_t)n)
		most = (size_t)n > most ? (size_t)n : most;
	CHECK_INT(most, COUNT);
	CHECK(total - COUNT == tuns[0].stats.reads - reads - 1);
}

/* Four bytes each, so that header and payload are shorter than a TCP header. */
TEST(the_smallest_super_packet_is_split)
{
	struct tun_packet packets[PACKETS];
	int total = 0;
	size_t used;

	CHECK_INT(start(0), 0);
	if (!tuns[0].uso)
		SKIP(NO_USO);
	CHECK(send_super("12345678", 8, 4));
	for (int n; (n = tun_read(&tuns[0], &layout, bufs[0], BUF, packets, PACKETS, &used)) > 0;)
		for (int i = 0; i < n; i++)
			total += packets[i].len == 32 && is_right(packets[i].bytes, 32);
	CHECK_INT(total, 2);
	CHECK_INT(tuns[0].stats.read_dropped, 0);
}

enum damage { RIGHT, WRONG_PAYLOAD, WRONG_HEADER };

static size_t udp_packet(uint8_t *packet, enum damage wrong)
{
	enum { LEN = 20 + 8 + 64 };
	uint64_t sum;

	memset(packet, 0, LEN);
	packet[0] = 0x45, packet[3] = LEN, packet[8] = 64, packet[9] = IPPROTO_UDP;
	memcpy(packet + 12, (const uint8_t[]){ 10, 9, 0, 2, 10, 9, 0, 1 }, 8);
	sum_put(packet + 10, sum_bytes(0, packet, 20));
	packet[21] = packet[23] = 7, packet[25] = LEN - 20;
	sum = sum_be16(sum_be16(sum_bytes(0, packet + 12, 8), IPPROTO_UDP), LEN - 20);
	sum_put_udp(packet + 26, sum_bytes(sum, packet + 20, LEN - 20));
	packet[wrong == WRONG_HEADER ? 10 : 40] ^= wrong != RIGHT;
	return LEN;
}

/* What was damaged before it came into the tunnel stays so, for its receiver to see. */
TEST(a_wrong_checksum_is_neither_mended_nor_spread)
{
	static const struct {
		enum damage wrong[3];
		size_t writes;
	} rows[] = {
		{ { RIGHT, RIGHT, RIGHT }, 1 },
		{ { WRONG_PAYLOAD, RIGHT, RIGHT }, 2 },
		{ { RIGHT, WRONG_PAYLOAD, RIGHT }, 3 },
		{ { RIGHT, RIGHT, WRONG_PAYLOAD }, 2 },
		{ { RIGHT, WRONG_HEADER, RIGHT }, 3 },
		{ { WRONG_HEADER, WRONG_PAYLOAD, WRONG_HEADER }, 3 },
	};
	uint8_t packets[3][92], before[3][92];

	CHECK_INT(start(0), 0);
	if (!tuns[0].uso)
		SKIP(NO_USO);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t writes = tuns[0].stats.writes;

		for (size_t k = 0; k < 3; k++)
			tun_write(&tuns[0], packets[k], udp_packet(packets[k], rows[i].wrong[k]));
		memcpy(before, packets, sizeof(before));
		tun_flush(&tuns[0]);
		CHECK_INT(tuns[0].stats.writes - writes, rows[i].writes);
		for (size_t k = 0; k < 3; k++)
			CHECK(!rows[i].wrong[k] || memcmp(before[k], packets[k], sizeof(before[k])) == 0);
	}
	CHECK_INT(tuns[0].stats.write_dropped, 0);
}

/* Packets that come one by one lie as one super-frame too. */
TEST(reads_go_on_behind_each_other)
{
	enum { COUNT = 40 };
	static const uint8_t out[64];
	struct tun_packet packets[PACKETS];
	struct sockaddr_storage to;
	size_t at = 0, used, count = 0, ours = 0;

	CHECK_INT(start(0), 0);
	int fd = socket_in(0, AF_INET, SOCK_DGRAM);
	socklen_t len = address(1, AF_INET, &to);
	for (int i = 0; i < COUNT; i++)
		CHECK_INT(sendto(fd, out, sizeof(out), 0, (struct sockaddr *)&to, len), sizeof(out));
	/* Among them may be what IPv6 says for itself. */
	while (count < PACKETS && tun_read(&tuns[0], &layout, bufs[0] + at, BUF - at, packets + count, 1, &used) == 1) {
		CHECK(packets[count].bytes == bufs[0] + at + HEADROOM);
		CHECK_INT(used, HEADROOM + (packets[count].len + 15) / 16 * 16 + TAILROOM);
		at += used;
		count++;
	}
	CHECK_INT(used, 0);
	for (size_t i = 0; i < count; i++) {
		CHECK(is_right(packets[i].bytes, packets[i].len));
		ours += packets[i].len == 20 + 8 + sizeof(out);
	}
	CHECK_INT(ours, COUNT);
	close(fd);
}

TEST(garbage_is_written_without_harm)
{
	static uint8_t packet[8][1500];

	CHECK_INT(start(0), 0);
	srandom(2);
	for (unsigned i = 0; i < 20000; i++) {
		uint8_t *p = packet[i % 8];
		size_t len = 1 + (size_t)random() % 200;

		for (size_t k = 0; k < len; k++)
			p[k] = (uint8_t)random();
		p[0] = i % 3 ? 0x45 : 0x60;
		if (i % 2 && len > 60) {
			store_be16(p + 2, (uint16_t)len), store_be16(p + 6, 0), p[9] = i % 5 ? 6 : 17;
			if (p[0] == 0x60)
				store_be16(p + 4, (uint16_t)(len - 40)), p[6] = 6;
		}
		tun_write(&tuns[0], p, len);
		if (i % 8 == 7)
			tun_flush(&tuns[0]);
	}
	tun_write(&tuns[0], packet[0], 0);
	tun_flush(&tuns[0]);
	CHECK(stream(AF_INET, 1000000));
}

/* `ip` has the address that was set, the control, and no other. */
TEST(no_address_is_made_for_it)
{
	CHECK_INT(start(0), 0);
	CHECK_INT(system("ip -n tun-a -6 address show dev wg9 | grep -q 'inet6 fd09::1/64'"), 0);
	CHECK(system("ip -n tun-a -6 address show dev wg9 | grep -q 'inet6 fe80'") != 0);
}

TEST(names_that_are_taken)
{
	static struct tun other;

	CHECK_INT(start(0), 0);
	CHECK_INT(tun_open(&other, "wg9", spaces[0], 0), -EBUSY);
	CHECK_INT(tun_open(&other, "", spaces[0], 0), -EINVAL);
	CHECK_INT(tun_open(&other, "a_name_that_is_too_long", spaces[0], 0), -EINVAL);
	CHECK_INT(tun_open(&other, "lo", spaces[0], 0), -EINVAL);
	tun_close(&other);
}

/* The outer side against plain kernel sockets. Root; needs `ip`. One host with two uplinks:
 *
 *   host: h0 10.1.0.1 fd01::1 -- r0 10.1.0.2 fd01::2 :router: r1 10.2.0.1 fd02::1 -- s0 10.2.0.2 fd02::2 :server
 *         h1 10.3.0.1 fd03::1 -- t0 10.3.0.2 fd03::2 :other, which has 10.4.0.1 and fd04::1 too
 *         h2 (alone: 10.5.0.1 fd05::1 in lwIP only) -- u0 10.5.0.2 fd05::2 :other
 *   host's default route is the router; 10.4.0.0/16 and fd04::/16 are behind other. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <linux/rtnetlink.h>
#include <linux/if_ether.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <poll.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/sum.h"
#include "netlink/netns.h"
#include "outer/outer.h"
#include "../unit/test.h"
#include "engine/mirror.h"
#include "engine/neighbours.h"
#include "engine/underlay.h"

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#define UDP_GRO 104
#endif

enum { PORT = 4567, PEER_PORT = 5000, RECEIVED_MAX = 512, KEEP = 65536 };
enum space { HOST, ROUTER, SERVER, OTHER, SPACES };

/* Stands before libc's: a kernel that takes no super-frames (before 6.2). */
static bool refuse_gso;

#ifdef __GLIBC__
int sendmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags)
#else
int sendmmsg(int fd, struct mmsghdr *messages, unsigned count, unsigned flags)
#endif
{
	const uint8_t *vnet = messages[0].msg_hdr.msg_iov[0].iov_base;

	for (unsigned i = 0; i < count && refuse_gso; i++) {
		vnet = messages[i].msg_hdr.msg_iov[0].iov_base;
		if (vnet[1])
			count = i;
	}
	if (!count) {
		errno = EINVAL;
		return -1;
	}
	return (int)syscall(SYS_sendmmsg, fd, messages, count, flags);
}

static const char *const names[SPACES] = { "outer-host", "outer-router", "outer-server", "outer-other" };
static int spaces[SPACES], home = -1;
static struct loop loop;
static struct nl nl;
static struct outer_table table;
static struct loop_source neighbours;

static struct {
	size_t count, batches, bytes;
	struct inet_flow from;
	uint8_t ds;
	size_t len, segment_len;
	uint8_t last[KEEP];
	bool echo, answer;
} got;

static void on_receive(void *arg, const struct inet_flow *from, uint8_t ds, uint8_t *bytes, size_t len,
		       size_t segment_len, uint64_t now_ns)
{
	(void)arg;
	got.count += (len + segment_len - 1) / segment_len;
	got.bytes += len;
	got.from = *from;
	got.ds = ds;
	got.len = len;
	got.segment_len = segment_len;
	memcpy(got.last, bytes, len);
	if (got.answer)
		(void)outer_answer(from, ds, bytes, len);
	if (got.echo)
		(void)outer_send(from, ds, bytes, len, segment_len, now_ns);
	bytes[0] ^= 1; /* it may be changed in place */
	if (got.echo || got.answer)
		bytes[0] ^= 1;
}

static void on_received(void *arg, uint64_t now_ns)
{
	(void)arg;
	(void)now_ns;
	got.batches++;
}

static unsigned asked;

static void on_neighbour(void *arg, struct outer_neighbour *neighbour)
{
	(void)arg;
	asked++;
	(void)neighbours_ask(&nl, NULL, neighbour);
}

static void on_neighbours(struct loop_source *source, uint32_t events, uint64_t now_ns)
{
	(void)events;
	neighbours_read(source->fd, now_ns);
}

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

static void remove_spaces(void)
{
	for (int i = 0; i < SPACES; i++)
		(void)netns_remove(names[i]);
}

static void enter(int fd)
{
	if (setns(fd, CLONE_NEWNET) < 0)
		abort();
}

static void pair(const char *a, enum space in_a, const char *b, enum space in_b)
{
	run("ip link add %s netns %s type veth peer name %s netns %s", a, names[in_a], b, names[in_b]);
	run("ip -n %s link set %s up; ip -n %s link set %s up", names[in_a], a, names[in_b], b);
}

/* The kernel takes up IPv6 addresses in a work of its own, nodad or not. */
static void address(enum space space, const char *link, const char *prefix)
{
	bool is_6 = strchr(prefix, ':') != NULL;

	run("ip -n %s addr add %s dev %s%s", names[space], prefix, link, is_6 ? " nodad" : "");
	if (is_6)
		run("for i in $(seq 3000); do ip -n %s -6 route get %.*s 2>&1 | grep -q ^local && exit; sleep .01; done; exit 1",
		    names[space], (int)strcspn(prefix, "/"), prefix);
}

static void setup(void)
{
	bool created;

	if (home >= 0)
		return;
	home = netns_current();
	remove_spaces();
	(void)atexit(remove_spaces);
	for (int i = 0; i < SPACES; i++)
		spaces[i] = netns_open(names[i], &created);
	for (int i = 0; i < SPACES; i++) /* link-local addresses at once */
		run("ip netns exec %s sh -c 'echo 0 > /proc/sys/net/ipv6/conf/default/accept_dad; "
		    "echo 0 > /proc/sys/net/ipv6/conf/default/dad_transmits'", names[i]);
	pair("h0", HOST, "r0", ROUTER);
	pair("r1", ROUTER, "s0", SERVER);
	pair("h1", HOST, "t0", OTHER);
	pair("h2", HOST, "u0", OTHER);
	address(HOST, "h0", "10.1.0.1/24"), address(HOST, "h0", "fd01::1/64");
	address(ROUTER, "r0", "10.1.0.2/24"), address(ROUTER, "r0", "fd01::2/64");
	address(ROUTER, "r1", "10.2.0.1/24"), address(ROUTER, "r1", "fd02::1/64");
	address(SERVER, "s0", "10.2.0.2/24"), address(SERVER, "s0", "fd02::2/64");
	address(HOST, "h1", "10.3.0.1/24"), address(HOST, "h1", "fd03::1/64");
	address(OTHER, "t0", "10.3.0.2/24"), address(OTHER, "t0", "fd03::2/64");
	address(OTHER, "lo", "10.4.0.1/32"), address(OTHER, "lo", "fd04::1/128");
	address(OTHER, "u0", "10.5.0.2/24"), address(OTHER, "u0", "fd05::2/64");
	run("ip netns exec %s sh -c 'echo 1 > /proc/sys/net/ipv4/ip_forward; "
	    "echo 1 > /proc/sys/net/ipv6/conf/all/forwarding'", names[ROUTER]);
	run("ip -n %s route add default via 10.1.0.2; ip -n %s route add default via fd01::2", names[HOST], names[HOST]);
	run("ip -n %s route add 10.4.0.0/16 via 10.3.0.2; ip -n %s route add fd04::/16 via fd03::2", names[HOST],
	    names[HOST]);
	run("ip -n %s route add default via 10.2.0.1; ip -n %s route add default via fd02::1", names[SERVER],
	    names[SERVER]);
	enter(spaces[HOST]);
	if (nl_open(&nl, NETLINK_ROUTE) < 0 || loop_open(&loop) < 0 ||
	    loop_add(&loop, &neighbours, nl_monitor_open(NEIGHBOURS_GROUPS), EPOLLIN, on_neighbours) < 0)
		abort();
}

static struct inet_addr addr(const char *text)
{
	struct inet_addr result = { .family = strchr(text, ':') ? AF_INET6 : AF_INET };

	(void)inet_pton(result.family, text, result.bytes);
	return result;
}

static struct inet_endpoint endpoint(const char *text)
{
	return (struct inet_endpoint){ .addr = addr(text), .port = PEER_PORT };
}

/* A kernel socket in a namespace, on text and port; it waits at most a second. One that a failed test left open gets nothing:
 * what comes is for the last. */
static int peer_port(enum space space, const char *text, uint16_t port)
{
	struct inet_addr a = addr(text);
	struct sockaddr_in in4 = { .sin_family = AF_INET, .sin_port = htons(port) };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
	struct timeval second = { .tv_sec = 1 };
	int fd, failed;

	enter(spaces[space]);
	fd = socket(a.family, SOCK_DGRAM, 0);
	enter(spaces[HOST]);
	memcpy(&in4.sin_addr, a.bytes, 4);
	memcpy(&in6.sin6_addr, a.bytes, 16);
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){ 1 }, sizeof(int));
	failed = a.family == AF_INET ? bind(fd, (struct sockaddr *)&in4, sizeof(in4)) :
				       bind(fd, (struct sockaddr *)&in6, sizeof(in6));
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &second, sizeof(second));
	if (fd < 0 || failed)
		perror("peer");
	return fd;
}

static int peer(enum space space, const char *text)
{
	return peer_port(space, text, PEER_PORT);
}

static bool peer_send(int fd, const char *to, const void *bytes, size_t len)
{
	struct inet_addr a = addr(to);
	struct sockaddr_in in4 = { .sin_family = AF_INET, .sin_port = htons(PORT) };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_port = htons(PORT) };

	memcpy(&in4.sin_addr, a.bytes, 4);
	memcpy(&in6.sin6_addr, a.bytes, 16);
	return (a.family == AF_INET ? sendto(fd, bytes, len, 0, (struct sockaddr *)&in4, sizeof(in4)) :
				      sendto(fd, bytes, len, 0, (struct sockaddr *)&in6, sizeof(in6))) == (ssize_t)len;
}

static void stop(struct loop_timer *timer, uint64_t now_ns)
{
	(void)timer;
	(void)now_ns;
	loop_stop(&loop);
}

static void pump(unsigned ms)
{
	static struct loop_timer timer;

	loop_timer_set(&loop, &timer, clock_now_ns() + ms * NS_PER_MS, stop);
	(void)loop_run(&loop);
	loop.stopping = false;
}

enum {
	PUMPS_MAX = 1500,	/* of 20 ms: 30 s for what was sent to come */
};

static bool pump_until(size_t count)
{
	for (int i = 0; i < PUMPS_MAX && got.count < count; i++)
		pump(20);
	return got.count >= count;
}

static const struct tunnel_nic *alone;
static size_t alone_count;

static int refresh(void)
{
	const struct mirror_options options = { .nics = alone, .nic_count = alone_count };
	struct mirror_full full;
	int err = mirror_read(&nl, &options, &table, &full);

	return err < 0 ? err : outer_refresh(&table, clock_now_ns(), NULL);
}

static unsigned questions;

static int on_ask(void *arg, const struct inet_flow *to, struct outer_way *way)
{
	(void)arg;
	questions++;
	return mirror_ask(&nl, to, way);
}

/* What was sent, for who tells of it. */
static struct {
	size_t count;
	struct inet_endpoint to;
	uint8_t first;
	bool answer;
} told;

static bool on_sent(void *arg, const struct inet_endpoint *to, const uint8_t *bytes, size_t len)
{
	(void)arg;
	told.count++;
	told.to = *to;
	told.first = len ? bytes[0] : 0;
	return told.answer;
}

/* What its owner says of reading what goes behind the data. */
static struct {
	uint32_t data_word;
	uint64_t for_ns;
	unsigned asked, none_waits;
} rest;

static uint64_t on_rest(void *arg, bool none_waits, uint64_t now_ns)
{
	(void)arg;
	(void)now_ns;
	rest.asked++;
	rest.none_waits += none_waits;
	return rest.for_ns;
}

static int start_with(bool no_super_frames)
{
	struct outer_options options = {
		.loop = &loop, .port = PORT,
		.host = { .ask = on_ask, .sent = on_sent, .neighbour = on_neighbour, .receive = on_receive, .received = on_received,
			  .rest = on_rest },
		.data_word = rest.data_word,
		.no_super_frames = no_super_frames,
	};
	int err;

	setup();
	outer_close(); /* what a failed test left open */
	memset(&got, 0, sizeof(got));
	err = outer_open(&options, clock_now_ns());
	return err < 0 ? err : refresh();
}

static int start(void)
{
	return start_with(false);
}

static size_t finish(void)
{
	outer_close();
	return outer_pools_used();
}

static int send_to(const char *text, const void *bytes, size_t len, size_t segment_len)
{
	const struct inet_flow to = { .remote = endpoint(text) };
	int err = outer_send(&to, 0, bytes, len, segment_len, clock_now_ns());

	outer_flush();
	return err;
}

static uint8_t pattern[65536];

static void fill(unsigned seed)
{
	for (size_t i = 0; i < sizeof(pattern); i++)
		pattern[i] = (uint8_t)(i * 7 + i / 251 + seed);
}

/* Sends to the peer and hears the same; the neighbour may have to be found first. */
static bool arrives(int fd, const char *text, size_t len)
{
	static uint8_t buf[65536];
	ssize_t n;

	fill((unsigned)len);
	if (send_to(text, pattern, len, 0) < 0)
		return false;
	for (int i = 0; i < 150; i++) { /* the kernel asks for a neighbour again after a second */
		n = recv(fd, buf, sizeof(buf), MSG_DONTWAIT);
		if (n >= 0)
			return n == (ssize_t)len && memcmp(buf, pattern, len) == 0;
		pump(20);
	}
	return false;
}

static bool comes(int fd, const char *to, size_t len)
{
	size_t before = got.count;

	fill((unsigned)len + 3);
	return peer_send(fd, to, pattern, len) && pump_until(before + 1) && got.len == len &&
	       memcmp(got.last, pattern, len) == 0;
}

TEST(udp_to_and_from_a_kernel_socket_ipv4)
{
	CHECK_INT(start(), 0);
	int fd = peer(ROUTER, "10.1.0.2");
	CHECK(arrives(fd, "10.1.0.2", 148)); /* ARP first */
	CHECK(arrives(fd, "10.1.0.2", 1));
	CHECK(arrives(fd, "10.1.0.2", 1472));
	CHECK(comes(fd, "10.1.0.1", 1));
	CHECK(comes(fd, "10.1.0.1", 1472));
	struct inet_addr want = addr("10.1.0.1"), from = addr("10.1.0.2");
	CHECK(inet_addr_equal(&got.from.local, &want));
	CHECK(inet_addr_equal(&got.from.remote.addr, &from));
	CHECK_INT(got.from.remote.port, PEER_PORT);
	CHECK(got.batches > 0);
	close(fd);
	CHECK_INT(finish(), 0);
}

TEST(udp_to_and_from_a_kernel_socket_ipv6)
{
	CHECK_INT(start(), 0);
	int fd = peer(ROUTER, "fd01::2");
	CHECK(arrives(fd, "fd01::2", 148));
	CHECK(arrives(fd, "fd01::2", 1));
	CHECK(arrives(fd, "fd01::2", 1452));
	CHECK(comes(fd, "fd01::1", 1));
	CHECK(comes(fd, "fd01::1", 1452));
	close(fd);
	CHECK_INT(finish(), 0);
}

/* The DS field, both ways: of a datagram, a super-frame and a fragmented one. */
TEST(ds_field_goes_out_and_comes_in)
{
	static const struct {
		const char *peer, *ours;
		int level, receive, send;
	} families[] = {
		{ "10.1.0.2", "10.1.0.1", IPPROTO_IP, IP_RECVTOS, IP_TOS },
		{ "fd01::2", "fd01::1", IPPROTO_IPV6, IPV6_RECVTCLASS, IPV6_TCLASS },
	};
	static const struct {
		size_t len, segment_len, datagrams;
	} shapes[] = { { 100, 0, 1 }, { 1000, 100, 10 }, { 4000, 0, 1 } };
	static uint8_t buf[5000];
	uint8_t control[64];

	CHECK_INT(start(), 0);
	for (size_t f = 0; f < 2; f++) {
		int fd = peer(ROUTER, families[f].peer), one = 1;

		CHECK(arrives(fd, families[f].peer, 10));
		CHECK_INT(setsockopt(fd, families[f].level, families[f].receive, &one, sizeof(one)), 0);
		for (size_t s = 0; s < sizeof(shapes) / sizeof(shapes[0]); s++) {
			const struct inet_flow to = { .remote = endpoint(families[f].peer) };

			CHECK_INT(outer_send(&to, 0x8a, pattern, shapes[s].len, shapes[s].segment_len, clock_now_ns()), 0);
			outer_flush();
			for (size_t i = 0; i < shapes[s].datagrams; i++) {
				struct iovec iov = { buf, sizeof(buf) };
				struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control,
							  .msg_controllen = sizeof(control) };

				pump(i ? 0 : 50);
				CHECK(recvmsg(fd, &message, MSG_DONTWAIT) > 0);
				struct cmsghdr *said = CMSG_FIRSTHDR(&message);
				CHECK(said != NULL);
				CHECK_INT(*CMSG_DATA(said), 0x8a); /* a byte, or the low one of an int */
			}
		}
		for (int ds = 0x2c; ds < 0x30; ds++) {
			CHECK_INT(setsockopt(fd, families[f].level, families[f].send, &ds, sizeof(ds)), 0);
			CHECK(comes(fd, families[f].ours, 100));
			CHECK_INT(got.ds, ds);
			CHECK(comes(fd, families[f].ours, 4000));
			CHECK_INT(got.ds, ds);
		}
		close(fd);
	}
	CHECK_INT(finish(), 0);
}

TEST(through_a_router)
{
	CHECK_INT(start(), 0);
	int fd4 = peer(SERVER, "10.2.0.2"), fd6 = peer(SERVER, "fd02::2");
	CHECK(arrives(fd4, "10.2.0.2", 500));
	CHECK(comes(fd4, "10.1.0.1", 600));
	CHECK(arrives(fd6, "fd02::2", 500));
	CHECK(comes(fd6, "fd01::1", 600));
	close(fd4);
	close(fd6);
	CHECK_INT(finish(), 0);
}

TEST(link_local_by_its_scope)
{
	struct inet_flow to = { .remote.port = PEER_PORT };
	char text[64] = "";
	uint8_t buf[64];

	CHECK_INT(start(), 0);
	run("ip -n %s -6 -o addr show dev t0 scope link | awk '{print $4}' | cut -d/ -f1 > /tmp/test_outer_ll", names[OTHER]);
	FILE *file = fopen("/tmp/test_outer_ll", "re");
	CHECK(file && fgets(text, sizeof(text), file));
	(void)fclose(file);
	(void)unlink("/tmp/test_outer_ll");
	text[strcspn(text, "\n")] = '\0';
	to.remote.addr = addr(text);
	int fd = peer(OTHER, "::");
	CHECK_INT(outer_send(&to, 0, pattern, 32, 0, clock_now_ns()), -ENETUNREACH); /* which link? */
	struct link link;
	CHECK_INT(link_get(&nl, "h1", &link), 0);
	to.remote.scope_id = link.index;
	CHECK_INT(outer_send(&to, 0, pattern, 32, 0, clock_now_ns()), 0);
	outer_flush();
	pump(100);
	struct sockaddr_in6 from;
	socklen_t len = sizeof(from);
	CHECK_INT(recvfrom(fd, buf, sizeof(buf), 0, (struct sockaddr *)&from, &len), 32);
	CHECK_INT(sendto(fd, buf, 32, 0, (struct sockaddr *)&from, len), 32);
	CHECK(pump_until(1));
	CHECK_INT(got.from.remote.scope_id, link.index);
	close(fd);
	CHECK_INT(finish(), 0);
}

TEST(two_uplinks_by_route)
{
	CHECK_INT(start(), 0);
	int fd4 = peer(OTHER, "10.4.0.1"), fd6 = peer(OTHER, "fd04::1"), server = peer(SERVER, "10.2.0.2");
	CHECK(arrives(fd4, "10.4.0.1", 700));
	CHECK(arrives(fd6, "fd04::1", 700));
	CHECK(arrives(server, "10.2.0.2", 700));
	CHECK(comes(fd4, "10.3.0.1", 10));
	struct inet_addr want = addr("10.3.0.1");
	CHECK(inet_addr_equal(&got.from.local, &want));
	struct link link, other;
	CHECK(link_get(&nl, "h1", &link) == 0 && link_get(&nl, "h0", &other) == 0);
	CHECK_INT(got.from.link, link.index);
	/* The answer leaves from the address that was asked, even from another link's. */
	struct inet_flow to = { .remote = endpoint("10.3.0.2"), .local = addr("10.1.0.1"), .link = link.index };
	int direct = peer(OTHER, "10.3.0.2");
	struct sockaddr_in from;
	socklen_t len = sizeof(from);
	uint8_t buf[8];
	CHECK_INT(outer_send(&to, 0, pattern, 8, 0, clock_now_ns()), 0);
	outer_flush();
	pump(50);
	run("ip -n %s route add 10.1.0.0/24 via 10.3.0.1", names[OTHER]); /* so that its source check holds */
	CHECK_INT(outer_send(&to, 0, pattern, 8, 0, clock_now_ns()), 0);
	outer_flush();
	CHECK_INT(recvfrom(direct, buf, sizeof(buf), 0, (struct sockaddr *)&from, &len), 8);
	CHECK_INT(ntohl(from.sin_addr.s_addr), 0x0a010001);
	/* But not when it came in by one link and the way leads out by another. */
	while (recv(direct, buf, sizeof(buf), MSG_DONTWAIT) > 0)
		;
	to.link = other.index;
	CHECK_INT(outer_send(&to, 0, pattern, 8, 0, clock_now_ns()), 0);
	outer_flush();
	CHECK_INT(recvfrom(direct, buf, sizeof(buf), 0, (struct sockaddr *)&from, &len), 8);
	CHECK_INT(ntohl(from.sin_addr.s_addr), 0x0a030001);
	run("ip -n %s route del 10.1.0.0/24", names[OTHER]);
	close(fd4), close(fd6), close(server), close(direct);
	CHECK_INT(finish(), 0);
}

TEST(fragments_out_and_in)
{
	static const size_t lens[] = { 1473, 3000, 9000, 60000, 65000 };

	CHECK_INT(start(), 0);
	int fd4 = peer(ROUTER, "10.1.0.2"), fd6 = peer(ROUTER, "fd01::2");
	CHECK(arrives(fd4, "10.1.0.2", 10));
	CHECK(arrives(fd6, "fd01::2", 10));
	for (size_t i = 0; i < sizeof(lens) / sizeof(*lens); i++) {
		CHECK(arrives(fd4, "10.1.0.2", lens[i]));
		CHECK(arrives(fd6, "fd01::2", lens[i]));
		CHECK(comes(fd4, "10.1.0.1", lens[i]));
		CHECK(comes(fd6, "fd01::1", lens[i]));
	}
	/* Two in one batch: the first must be handed over before its buffer is needed again. */
	size_t before = got.count, bytes = got.bytes;
	CHECK(peer_send(fd4, "10.1.0.1", pattern, 4000));
	CHECK(peer_send(fd6, "fd01::1", pattern, 5000));
	CHECK(pump_until(before + 2));
	CHECK_INT(got.bytes - bytes, 9000);
	struct outer_stats stats;
	outer_stats(&stats);
	CHECK(stats.rx_fragments > 100);
	CHECK_INT(outer_pools_used(), 0 + outer_pools_used());
	close(fd4), close(fd6);
	CHECK_INT(finish(), 0);
}

/* Frames that the peer's kernel would not make: from a packet socket in its namespace. */
static int raw_on(enum space space, const char *name)
{
	struct sockaddr_ll here = { .sll_family = AF_PACKET, .sll_protocol = 0 };
	int fd;

	enter(spaces[space]);
	fd = socket(AF_PACKET, SOCK_RAW, 0);
	here.sll_ifindex = (int)if_nametoindex(name);
	if (bind(fd, (struct sockaddr *)&here, sizeof(here)) < 0)
		perror("raw");
	enter(spaces[HOST]);
	return fd;
}

static void mac_of(enum space space, const char *name, uint8_t *mac)
{
	struct ifreq request;
	int fd;

	memset(&request, 0, sizeof(request));
	enter(spaces[space]);
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	enter(spaces[HOST]);
	(void)snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	if (ioctl(fd, SIOCGIFHWADDR, &request) < 0)
		perror("mac");
	memcpy(mac, request.ifr_hwaddr.sa_data, 6);
	close(fd);
}

/* Ethernet and IPv4 from 10.1.0.2 to 10.1.0.1 around len bytes. */
static size_t ip4_frame(uint8_t *frame, uint8_t protocol, const void *payload, size_t len)
{
	uint8_t *ip = frame + 14;

	mac_of(HOST, "h0", frame);
	mac_of(ROUTER, "r0", frame + 6);
	store_be16(frame + 12, 0x0800);
	memset(ip, 0, 20);
	ip[0] = 0x45, ip[8] = 64, ip[9] = protocol;
	store_be16(ip + 2, (uint16_t)(20 + len));
	memcpy(ip + 12, (const uint8_t[]){ 10, 1, 0, 2, 10, 1, 0, 1 }, 8);
	sum_put(ip + 10, sum_bytes(0, ip, 20));
	memcpy(ip + 20, payload, len);
	return 34 + len;
}

static size_t ip6_frame(uint8_t *frame, uint8_t protocol, const void *payload, size_t len)
{
	uint8_t *ip = frame + 14;

	mac_of(HOST, "h0", frame);
	mac_of(ROUTER, "r0", frame + 6);
	store_be16(frame + 12, 0x86dd);
	memset(ip, 0, 40);
	ip[0] = 0x60, ip[6] = protocol, ip[7] = 64;
	store_be16(ip + 4, (uint16_t)len);
	memcpy(ip + 8, addr("fd01::2").bytes, 16);
	memcpy(ip + 24, addr("fd01::1").bytes, 16);
	memcpy(ip + 40, payload, len);
	return 54 + len;
}

/* Datagrams of which no last fragment comes, IPv4 and IPv6: from offset first_at parts of part_len bytes each. */
static void flood_with_fragments(unsigned datagrams, unsigned first_at, unsigned parts, unsigned part_len)
{
	static uint8_t frame[9100], payload[8 + 8192] = { IPPROTO_UDP };
	int raw = raw_on(ROUTER, "r0");

	store_be16(payload + 10, PORT);
	for (unsigned i = 0; i < datagrams * parts; i++) {
		unsigned at = first_at + i % parts * part_len, id = i / parts + 1;
		size_t len = ip4_frame(frame, IPPROTO_UDP, payload + 8, part_len);

		store_be16(frame + 18, (uint16_t)id);
		store_be16(frame + 20, (uint16_t)(0x2000 | at / 8));
		store_be16(frame + 24, 0);
		sum_put(frame + 24, sum_bytes(0, frame + 14, 20));
		(void)send(raw, frame, len, 0);
		store_be16(payload + 2, (uint16_t)(at | 1));
		store_be32(payload + 4, id);
		len = ip6_frame(frame, IPPROTO_FRAGMENT, payload, 8 + part_len);
		(void)send(raw, frame, len, 0);
		if (i % 10 == 0)
			pump(1);
	}
	close(raw);
	pump(50);
}

/* It is bounded, the next that is whole comes through, and everything is given back. */
TEST(lost_fragments_are_forgotten)
{
	struct outer_stats stats;

	CHECK_INT(start(), 0);
	int fd = peer(ROUTER, "10.1.0.2"), fd6 = peer(ROUTER, "fd01::2");
	CHECK(arrives(fd, "10.1.0.2", 10));
	flood_with_fragments(50, 0, 12, 1400);
	outer_stats(&stats);
	CHECK_INT(stats.rx_fragments, 1200);
	CHECK(outer_pools_used() > 300000);
	CHECK(comes(fd, "10.1.0.1", 3000));
	CHECK(comes(fd6, "fd01::1", 3000));
	close(fd), close(fd6);
	CHECK_INT(finish(), 0);
}

/* Neighbours' answers need the heap that fragments lie in. */
TEST(neighbours_are_found_under_a_flood_of_fragments)
{
	run("ip -n %s link set h0 mtu 9000; ip -n %s link set r0 mtu 9000", names[HOST], names[ROUTER]);
	CHECK_INT(start(), 0);
	flood_with_fragments(16, 0, 7, 8192);
	flood_with_fragments(12, 7 * 8192, 5, 64); /* into what is left between */
	CHECK(outer_pools_used() > 700000);
	int fd = peer(OTHER, "10.3.0.2"), fd6 = peer(OTHER, "fd03::2");
	CHECK(arrives(fd, "10.3.0.2", 100));
	CHECK(arrives(fd6, "fd03::2", 100));
	close(fd), close(fd6);
	CHECK_INT(finish(), 0);
	run("ip -n %s link set h0 mtu 1500; ip -n %s link set r0 mtu 1500", names[HOST], names[ROUTER]);
}

static bool super_out(enum space space, const char *to, size_t total, size_t segment_len)
{
	static uint8_t buf[65536];
	int fd = peer(space, to);
	size_t at = 0;

	if (!arrives(fd, to, 9))
		return false;
	fill(77);
	if (send_to(to, pattern, total, segment_len) < 0)
		return false;
	while (at < total) {
		size_t want = total - at < segment_len ? total - at : segment_len;

		if (recv(fd, buf, sizeof(buf), 0) != (ssize_t)want || memcmp(buf, pattern + at, want) != 0)
			return false;
		at += want;
	}
	close(fd);
	return true;
}

TEST(super_frame_out)
{
	struct outer_stats before, after;

	CHECK_INT(start(), 0);
	CHECK(super_out(ROUTER, "10.1.0.2", 3 * 1452 + 100, 1452));
	outer_stats(&before);
	CHECK(super_out(ROUTER, "10.1.0.2", 44 * 1452, 1452));
	outer_stats(&after);
	CHECK_INT(after.tx_frames - before.tx_frames, 2); /* the one of arrives and the super-frame */
	CHECK_INT(after.gso_refused, 0);
	CHECK(super_out(ROUTER, "fd01::2", 44 * 1452, 1452));
	CHECK(super_out(SERVER, "10.2.0.2", 44 * 1452 + 1, 1452)); /* the router forwards it */
	CHECK(super_out(SERVER, "fd02::2", 64 * 1000, 1000));
	CHECK_INT(send_to("10.1.0.2", pattern, 65 * 100, 100), -EMSGSIZE);
	CHECK_INT(send_to("10.1.0.2", pattern, 0, 0), -EMSGSIZE);
	CHECK_INT(finish(), 0);
}

TEST(super_frame_as_single_frames)
{
	struct outer_stats stats;

	CHECK_INT(start_with(true), 0);
	CHECK(super_out(ROUTER, "10.1.0.2", 44 * 1452 + 7, 1452));
	CHECK(super_out(ROUTER, "fd01::2", 44 * 1452 + 7, 1452));
	CHECK(super_out(ROUTER, "10.1.0.2", 20 * 2000, 2000)); /* in fragments each */
	outer_stats(&stats);
	CHECK(stats.tx_frames > 128);
	CHECK_INT(finish(), 0);
}

TEST(super_frame_refused_by_the_kernel)
{
	struct outer_stats stats;

	CHECK_INT(start(), 0);
	refuse_gso = true;
	CHECK(super_out(ROUTER, "10.1.0.2", 30 * 1452 + 7, 1452)); /* taken apart at the flush */
	CHECK(super_out(ROUTER, "10.1.0.2", 30 * 1452 + 7, 1452)); /* before lwIP */
	CHECK(super_out(OTHER, "fd03::2", 30 * 1452 + 7, 1452)); /* its neighbour is not known yet: single frames */
	CHECK(super_out(OTHER, "fd03::2", 30 * 1452 + 7, 1452));
	refuse_gso = false;
	outer_stats(&stats);
	CHECK_INT(stats.gso_refused, 2); /* per NIC */
	CHECK_INT(stats.tx_dropped, 0);
	CHECK_INT(finish(), 0);
}

TEST(super_frame_to_an_unknown_neighbour)
{
	CHECK_INT(start(), 0);
	int fd = peer(ROUTER, "10.1.0.2");
	CHECK_INT(send_to("10.1.0.2", pattern, 4000, 1000), 0); /* waits for ARP as single datagrams */
	pump(100);
	uint8_t buf[2000];
	for (int i = 0; i < 4; i++)
		CHECK_INT(recv(fd, buf, sizeof(buf), 0), 1000);
	close(fd);
	CHECK_INT(finish(), 0);
}

static bool super_in(enum space space, const char *from, const char *to)
{
	int fd = peer(space, from), segment = 1400;
	size_t before = got.bytes;

	(void)setsockopt(fd, IPPROTO_UDP, UDP_SEGMENT, &segment, sizeof(segment));
	fill(5);
	if (!peer_send(fd, to, pattern, 40 * 1400 + 33))
		return false;
	for (int i = 0; i < PUMPS_MAX && got.bytes - before < 40 * 1400 + 33; i++)
		pump(20);
	close(fd);
	return got.bytes - before == 40 * 1400 + 33;
}

TEST(super_frame_in)
{
	CHECK_INT(start(), 0);
	CHECK(super_in(ROUTER, "10.1.0.2", "10.1.0.1"));
	CHECK_INT(got.count, 41);
	CHECK_INT(got.segment_len, 1400);
	CHECK_INT(got.len, 40 * 1400 + 33);
	CHECK_MEM(got.last, pattern, got.len);
	CHECK(super_in(ROUTER, "fd01::2", "fd01::1"));
	CHECK_INT(got.segment_len, 1400);
	CHECK_MEM(got.last, pattern, got.len);
	CHECK(super_in(SERVER, "10.2.0.2", "10.1.0.1"));
	CHECK_INT(finish(), 0);
}

TEST(echo_of_super_frames_in_the_same_batch)
{
	static uint8_t buf[65536];

	CHECK_INT(start(), 0);
	got.echo = true;
	int fd = peer(ROUTER, "10.1.0.2"), segment = 1400, big = 1 << 20;
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &big, sizeof(big));
	CHECK(comes(fd, "10.1.0.1", 10));
	CHECK_INT(recv(fd, buf, sizeof(buf), 0), 10);
	(void)setsockopt(fd, IPPROTO_UDP, UDP_SEGMENT, &segment, sizeof(segment));
	for (int i = 0; i < 3; i++)
		CHECK(peer_send(fd, "10.1.0.1", pattern, 14000));
	CHECK(pump_until(31));
	for (int i = 0; i < 30; i++)
		CHECK_INT(recv(fd, buf, sizeof(buf), 0), 1400);
	close(fd);
	CHECK_INT(finish(), 0);
}

TEST(wrong_checksums_are_dropped)
{
	uint8_t frame[200], udp[40] = { 0 };
	struct outer_stats stats;
	size_t len;

	CHECK_INT(start(), 0);
	int raw = raw_on(ROUTER, "r0");
	store_be16(udp, PEER_PORT), store_be16(udp + 2, PORT), store_be16(udp + 4, sizeof(udp));
	len = ip4_frame(frame, IPPROTO_UDP, udp, sizeof(udp));
	uint64_t sum = sum_be16(sum_be16(sum_bytes(0, frame + 26, 8), IPPROTO_UDP), sizeof(udp));
	sum_put_udp(frame + 40, sum_bytes(sum, udp, sizeof(udp)));
	CHECK_INT(send(raw, frame, len, 0), len);
	CHECK(pump_until(1));
	frame[60] ^= 4;
	CHECK_INT(send(raw, frame, len, 0), len);
	pump(50);
	CHECK_INT(got.count, 1);
	outer_stats(&stats);
	CHECK_INT(stats.rx_bad_checksum, 1);
	frame[60] ^= 4;
	store_be16(frame + 40, 0); /* IPv4: none sent */
	CHECK_INT(send(raw, frame, len, 0), len);
	CHECK(pump_until(2));
	frame[14 + 10] ^= 1; /* the header's own */
	CHECK_INT(send(raw, frame, len, 0), len);
	len = ip6_frame(frame, IPPROTO_UDP, udp, sizeof(udp)); /* IPv6: none is wrong */
	CHECK_INT(send(raw, frame, len, 0), len);
	pump(50);
	CHECK_INT(got.count, 2);
	sum = sum_be16(sum_be16(sum_bytes(0, frame + 22, 32), IPPROTO_UDP), sizeof(udp));
	sum_put_udp(frame + 60, sum_bytes(sum, udp, sizeof(udp)));
	CHECK_INT(send(raw, frame, len, 0), len);
	CHECK(pump_until(3));
	close(raw);
	CHECK_INT(finish(), 0);
}

TEST(malformed_frames_are_dropped)
{
	uint8_t frame[1600];

	CHECK_INT(start(), 0);
	int raw = raw_on(ROUTER, "r0");
	srandom(1);
	for (unsigned i = 0; i < 20000; i++) {
		size_t len = 14 + (size_t)random() % 120;

		for (size_t k = 0; k < sizeof(frame); k++)
			frame[k] = (uint8_t)random();
		if (i % 2)
			(void)ip4_frame(frame, i % 4 == 1 ? 17 : 1, frame + 1000, 80);
		else
			(void)ip6_frame(frame, i % 4 ? 17 : i % 8 ? 58 : 44, frame + 1000, 80);
		if (i % 10 == 9)
			store_be16(frame + 12, 0x0806), store_be16(frame + 20, 2);
		store_be16(frame + 36, PORT), store_be16(frame + 56, PORT);
		if (i % 3)
			frame[54] = (uint8_t[]){ 2, 136, 17 }[i % 3];
		if (i % 5 == 0)
			frame[14 + (size_t)random() % 40] = (uint8_t)random();
		if (i % 3 == 0)
			memcpy(frame + 14 + 20, (const uint8_t[]){ 3, 4 }, 2);
		(void)send(raw, frame, len, 0);
		if (i % 30 == 0)
			pump(1);
	}
	pump(50);
	int fd = peer(ROUTER, "10.1.0.2");
	CHECK(arrives(fd, "10.1.0.2", 100));
	CHECK(comes(fd, "10.1.0.1", 100));
	close(raw), close(fd);
	CHECK_INT(finish(), 0);
}

static size_t too_big6_frame(uint8_t *frame, const char *to, uint16_t port, uint32_t mtu_bytes, uint16_t sent_len)
{
	uint8_t icmp[8 + 40 + 8 + 8] = { 2, 0 }, *inner = icmp + 8;
	size_t len;

	store_be16(icmp + 6, (uint16_t)mtu_bytes);
	inner[0] = 0x60, inner[6] = IPPROTO_UDP;
	store_be16(inner + 4, (uint16_t)(sent_len - 40));
	memcpy(inner + 8, addr("fd01::1").bytes, 16);
	memcpy(inner + 24, addr(to).bytes, 16);
	store_be16(inner + 40, port);
	store_be16(inner + 42, PEER_PORT);
	inner[48] = 0x5a;
	len = ip6_frame(frame, IPPROTO_ICMPV6, icmp, sizeof(icmp));
	uint64_t sum = sum_be16(sum_be16(sum_bytes(0, frame + 22, 32), IPPROTO_ICMPV6), sizeof(icmp));
	sum_put(frame + 56, sum_bytes(sum, icmp, sizeof(icmp)));
	return len;
}

/* IPv4 may be cut on its way, so no one needs to be believed; for IPv6 the owner is asked whether that was sent. */
TEST(icmp_too_big_is_believed_only_of_what_was_sent)
{
	uint8_t frame[200], icmp[8 + 20 + 8] = { 3, 4, 0, 0, 0, 0, 1400 >> 8, 1400 & 255 }, *inner = icmp + 8;
	struct inet_addr to4 = addr("10.2.0.2"), to6 = addr("fd02::2"), unused = addr("fd02::77");
	static const struct {
		const char *to;
		uint16_t port;
		uint32_t mtu_bytes;
		uint16_t sent_len;
		bool sent, asks;
		uint32_t then;
	} rows[] = {
		{ "fd02::2", PORT + 1, 1300, 1500, true, false, 1500 },  /* another program's */
		{ "fd02::77", PORT, 1300, 1500, true, false, 1500 },     /* a way that no one goes */
		{ "fd02::2", PORT, 1300, 1300, true, false, 1500 },      /* what fits is not too big */
		{ "fd02::2", PORT, 1300, 1500, false, true, 1500 },      /* never sent */
		{ "fd02::2", PORT, 1300, 1500, true, true, 1300 },
		{ "fd02::2", PORT, 1400, 1500, true, false, 1300 },      /* never upwards */
		{ "fd02::2", PORT, 600, 1500, true, true, 1280 },
	};
	size_t len;

	CHECK_INT(start(), 0);
	int raw = raw_on(ROUTER, "r0");
	CHECK_INT(outer_mtu(&to4, clock_now_ns()), 1500);
	CHECK_INT(outer_mtu(&to6, clock_now_ns()), 1500);
	inner[0] = 0x45, inner[9] = IPPROTO_UDP;
	memcpy(inner + 12, (const uint8_t[]){ 10, 1, 0, 1, 10, 2, 0, 2 }, 8);
	store_be16(inner + 20, PORT);
	sum_put(icmp + 2, sum_bytes(0, icmp, sizeof(icmp)));
	len = ip4_frame(frame, IPPROTO_ICMP, icmp, sizeof(icmp));
	told.answer = true;
	CHECK_INT(send(raw, frame, len, 0), len);
	pump(30);
	CHECK_INT(outer_mtu(&to4, clock_now_ns()), 1500);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		told.count = 0;
		told.answer = rows[i].sent;
		len = too_big6_frame(frame, rows[i].to, rows[i].port, rows[i].mtu_bytes, rows[i].sent_len);
		CHECK_INT(send(raw, frame, len, 0), len);
		pump(30);
		CHECK_INT(told.count, rows[i].asks);
		if (rows[i].asks)
			CHECK(told.first == 0x5a && told.to.port == PEER_PORT && inet_addr_equal(&told.to.addr, &to6));
		CHECK_INT(outer_mtu(&to6, clock_now_ns()), rows[i].then);
	}
	CHECK_INT(outer_mtu(&unused, clock_now_ns()), 1500);
	int fd = peer(SERVER, "fd02::2");
	CHECK(arrives(fd, "fd02::2", 1400)); /* now in fragments */
	CHECK_INT(outer_mtu(&to6, clock_now_ns() + 601 * NS_PER_S), 1500);
	close(raw), close(fd);
	CHECK_INT(finish(), 0);
}

/* A router with a small link behind it: the kernel's own ICMPv6 too big. */
TEST(a_real_routers_too_big_is_heard)
{
	struct inet_addr to = addr("fd02::2");

	CHECK_INT(start(), 0);
	told.answer = true;
	int fd = peer(SERVER, "fd02::2");
	run("ip -n %s link set r1 mtu 1280", names[ROUTER]);
	CHECK(arrives(fd, "fd02::2", 100));
	CHECK_INT(send_to("fd02::2", pattern, 1400, 0), 0);
	for (int i = 0; i < PUMPS_MAX && outer_mtu(&to, clock_now_ns()) == 1500; i++)
		pump(20);
	CHECK_INT(outer_mtu(&to, clock_now_ns()), 1280);
	CHECK(arrives(fd, "fd02::2", 1400));
	run("ip -n %s link set r1 mtu 1500", names[ROUTER]);
	close(fd);
	CHECK_INT(finish(), 0);
}

TEST(the_kernel_stays_silent_on_our_port)
{
	uint8_t buf[16];

	CHECK_INT(start(), 0);
	int fd4 = peer(ROUTER, "10.1.0.2"), fd6 = peer(ROUTER, "fd01::2");
	struct sockaddr_in to4 = { .sin_family = AF_INET, .sin_port = htons(PORT), .sin_addr = { htonl(0x0a010001) } };
	struct sockaddr_in6 to6 = { .sin6_family = AF_INET6, .sin6_port = htons(PORT) };
	memcpy(&to6.sin6_addr, addr("fd01::1").bytes, 16);
	CHECK_INT(connect(fd4, (struct sockaddr *)&to4, sizeof(to4)), 0); /* would be told of unreachable */
	CHECK_INT(connect(fd6, (struct sockaddr *)&to6, sizeof(to6)), 0);
	for (int i = 0; i < 10; i++) {
		CHECK_INT(send(fd4, "x", 1, 0), 1);
		CHECK_INT(send(fd6, "x", 1, 0), 1);
		pump(5);
	}
	CHECK_INT(recv(fd4, buf, sizeof(buf), MSG_DONTWAIT), -1);
	CHECK_INT(errno, EAGAIN);
	CHECK_INT(recv(fd6, buf, sizeof(buf), MSG_DONTWAIT), -1);
	CHECK_INT(errno, EAGAIN);
	CHECK_INT(got.count, 20);
	struct outer_options again = { .loop = &loop, .port = PORT };
	CHECK_INT(outer_open(&again, 0), -EBUSY);
	int other = socket(AF_INET, SOCK_DGRAM, 0);
	struct sockaddr_in here = { .sin_family = AF_INET, .sin_port = htons(PORT) };
	CHECK_INT(bind(other, (struct sockaddr *)&here, sizeof(here)), -1); /* the port is taken */
	close(other), close(fd4), close(fd6);
	CHECK_INT(finish(), 0);
}

/* The neighbours hear one answer to a question for our address, the kernel's, and nothing unasked. */
TEST(lwip_leaves_arp_and_nd_answers_to_the_kernel)
{
	uint8_t frame[60] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff }, buf[2048];
	struct sockaddr_ll here = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL) };
	int answers = 0, others = 0;

	CHECK_INT(start(), 0);
	pump(1200);
	enter(spaces[ROUTER]);
	int tap = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK, 0), on = 1;
	here.sll_ifindex = (int)if_nametoindex("r0");
	CHECK_INT(setsockopt(tap, SOL_PACKET, 23, &on, sizeof(on)), 0);
	CHECK_INT(bind(tap, (struct sockaddr *)&here, sizeof(here)), 0);
	enter(spaces[HOST]);
	CHECK_INT(finish(), 0);
	CHECK_INT(start(), 0); /* opening says nothing */
	pump(100);
	int raw = raw_on(ROUTER, "r0");
	mac_of(ROUTER, "r0", frame + 6);
	memcpy(frame + 12, (const uint8_t[]){ 8, 6, 0, 1, 8, 0, 6, 4, 0, 1 }, 10);
	memcpy(frame + 22, frame + 6, 6);
	memcpy(frame + 28, (const uint8_t[]){ 10, 1, 0, 200, 0, 0, 0, 0, 0, 0, 10, 1, 0, 1 }, 14);
	CHECK_INT(send(raw, frame, sizeof(frame), 0), sizeof(frame));
	pump(100);
	for (ssize_t n; (n = recv(tap, buf, sizeof(buf), 0)) > 0;)
		if (load_be16(buf + 12) == 0x0806 && load_be16(buf + 20) == 2)
			answers += buf[41] == 200; /* the router's kernel may ask for itself meanwhile */
		else if ((load_be16(buf + 12) == 0x0806 && memcmp(buf + 28, buf + 38, 4) == 0) ||
			 (load_be16(buf + 12) == 0x86dd && buf[20] == IPPROTO_ICMPV6 && buf[54] == 136 &&
			  !(buf[58] & 0x40))) /* RFC 4861 4.4: unsolicited; the router's kernel may ask here too */
			others++; /* the kernel has its own probes and listener reports; announcements are no one's */
	CHECK_INT(answers, 1);
	CHECK_INT(others, 0);
	close(raw), close(tap);
	CHECK_INT(finish(), 0);
}

TEST(refresh_follows_addresses_and_routes)
{
	struct inet_addr to = addr("10.4.0.1");

	CHECK_INT(start(), 0);
	int fd = peer(OTHER, "10.4.0.1"), near = peer(ROUTER, "10.1.0.2"), near6 = peer(ROUTER, "fd01::2");
	CHECK(arrives(fd, "10.4.0.1", 20));
	CHECK(arrives(near, "10.1.0.2", 20));
	run("ip -n %s route del 10.4.0.0/16", names[HOST]);
	CHECK_INT(refresh(), 0);
	CHECK(!arrives(fd, "10.4.0.1", 20)); /* goes to the default router, who does not know it */
	run("ip -n %s route add 10.4.0.0/16 via 10.3.0.2 mtu 1400", names[HOST]);
	CHECK_INT(refresh(), 0);
	CHECK(arrives(fd, "10.4.0.1", 20));
	CHECK_INT(outer_mtu(&to, clock_now_ns()), 1400);
	run("ip -n %s route replace 10.4.0.0/16 via 10.3.0.2", names[HOST]);
	/* A second address, wanted as source, then taken away. */
	run("ip -n %s addr add 10.1.0.77/24 dev h0", names[HOST]);
	CHECK(peer_send(near, "10.1.0.77", "x", 1));
	pump(50);
	CHECK_INT(got.count, 0); /* not known yet */
	CHECK_INT(refresh(), 0);
	CHECK(comes(near, "10.1.0.77", 5));
	struct inet_addr want = addr("10.1.0.77");
	CHECK(inet_addr_equal(&got.from.local, &want));
	CHECK(comes(near, "10.1.0.1", 5));
	run("ip -n %s route add 10.1.0.2/32 dev h0 src 10.1.0.77", names[HOST]);
	CHECK_INT(refresh(), 0);
	CHECK_INT(send_to("10.1.0.2", "hello", 5, 0), 0);
	struct sockaddr_in from;
	socklen_t len = sizeof(from);
	uint8_t buf[32];
	CHECK_INT(recvfrom(near, buf, sizeof(buf), 0, (struct sockaddr *)&from, &len), 5);
	CHECK_INT(ntohl(from.sin_addr.s_addr), 0x0a01004d);
	run("ip -n %s route del 10.1.0.2/32; ip -n %s addr del 10.1.0.77/24 dev h0", names[HOST], names[HOST]);
	CHECK_INT(refresh(), 0);
	CHECK(arrives(near, "10.1.0.2", 20));
	/* A new IPv6 address with a prefix length that is not 64. */
	address(HOST, "h0", "fd01:0:0:0:1::1/112"), address(ROUTER, "r0", "fd01:0:0:0:1::2/112");
	CHECK_INT(refresh(), 0);
	CHECK(comes(near6, "fd01:0:0:0:1::1", 5));
	int narrow = peer_port(ROUTER, "fd01:0:0:0:1::2", PEER_PORT);
	CHECK(arrives(narrow, "fd01:0:0:0:1::2", 20));
	run("ip -n %s addr del fd01:0:0:0:1::1/112 dev h0; ip -n %s addr del fd01:0:0:0:1::2/112 dev r0", names[HOST],
	    names[ROUTER]);
	CHECK_INT(refresh(), 0);
	want = addr("10.1.0.1");
	const struct inet_flow self = { .remote = { .addr = want, .port = PEER_PORT } };
	CHECK_INT(outer_send(&self, 0, pattern, 1, 0, clock_now_ns()), -EHOSTUNREACH);
	close(fd), close(near), close(near6), close(narrow);
	CHECK_INT(finish(), 0);
}

/* What no event told of is found within a second of use; within it nobody is asked again. */
TEST(ways_are_asked_for_again_while_they_are_used)
{
	CHECK_INT(start(), 0);
	int fd = peer(OTHER, "10.4.0.1");
	questions = 0;
	CHECK(arrives(fd, "10.4.0.1", 20));
	for (int i = 0; i < 100; i++)
		CHECK_INT(send_to("10.4.0.1", "x", 1, 0), 0);
	CHECK_INT(questions, 1);
	CHECK_INT(send_to("10.77.0.1", "x", 1, 0), 0); /* another way, asked for once too */
	CHECK_INT(questions, 2);
	run("ip -n %s route change 10.4.0.0/16 via 10.1.0.2", names[HOST]);
	CHECK_INT(send_to("10.4.0.1", "x", 1, 0), 0);
	CHECK_INT(questions, 2);
	outer_reroute();
	CHECK_INT(send_to("10.4.0.1", "x", 1, 0), 0);
	CHECK_INT(questions, 3);
	run("ip -n %s route change 10.4.0.0/16 via 10.3.0.2", names[HOST]);
	while (recv(fd, pattern, sizeof(pattern), MSG_DONTWAIT) >= 0)
		;
	const struct inet_flow to = { .remote = endpoint("10.4.0.1") };
	CHECK_INT(outer_send(&to, 0, pattern, 9, 0, clock_now_ns() + OUTER_ASK_AGAIN_MS * NS_PER_MS), 0);
	outer_flush();
	CHECK_INT(questions, 4);
	pump(20);
	CHECK_INT(recv(fd, pattern, sizeof(pattern), MSG_DONTWAIT), 9);
	/* No way: that is known too. */
	run("ip -n %s route add unreachable 10.66.0.0/16", names[HOST]);
	for (int i = 0; i < 100; i++)
		CHECK_INT(send_to("10.66.0.1", "x", 1, 0), -ENETUNREACH);
	CHECK_INT(questions, 5);
	run("ip -n %s route del unreachable 10.66.0.0/16", names[HOST]);
	close(fd);
	CHECK_INT(finish(), 0);
}

TEST(a_thousand_peers_keep_their_ways)
{
	struct inet_flow to = { .remote = endpoint("10.4.0.1") };
	uint64_t now_ns = clock_now_ns();

	CHECK_INT(start(), 0);
	questions = 0;
	for (int round = 0; round < 3; round++)
		for (unsigned i = 0; i < 1024; i++) {
			store_be16(to.remote.addr.bytes + 2, (uint16_t)(i * 7 + 2));
			(void)outer_send(&to, 0, pattern, 9, 0, now_ns);
		}
	outer_flush();
	CHECK_INT(questions, 1024);
	CHECK_INT(finish(), 0);
}

/* Every new sender would cost a question. */
TEST(a_flood_of_senders_costs_few_questions)
{
	uint8_t frame[200], udp[8 + 12] = { 0x13, 0x88 };
	size_t len;

	CHECK_INT(start(), 0);
	got.echo = true;
	int raw = raw_on(ROUTER, "r0"), near = peer(ROUTER, "10.1.0.2");
	CHECK(peer_send(near, "10.1.0.1", "x", 1));
	CHECK(pump_until(1));
	questions = 0;
	const uint64_t begun_s = clock_now_ns() / NS_PER_S;
	store_be16(udp + 2, PORT);
	store_be16(udp + 4, sizeof(udp));
	for (unsigned i = 0; i < 5000; i++) {
		len = ip4_frame(frame, IPPROTO_UDP, udp, sizeof(udp));
		store_be16(frame + 26, 0xc612); /* 198.18.0.0/15 */
		store_be16(frame + 28, (uint16_t)i);
		store_be16(frame + 24, 0);
		sum_put(frame + 24, sum_bytes(0, frame + 14, 20));
		CHECK_INT(send(raw, frame, len, 0), len);
		if (i % 100 == 0)
			pump(0);
	}
	pump(100);
	CHECK(got.count > 1000);
	CHECK(questions <= 200 * (clock_now_ns() / NS_PER_S - begun_s + 1));
	CHECK(questions < got.count);
	CHECK(peer_send(near, "10.1.0.1", "x", 1)); /* and who was known is */
	close(raw), close(near);
	CHECK_INT(finish(), 0);
}

TEST(link_flap)
{
	CHECK_INT(start(), 0);
	int fd = peer(OTHER, "10.3.0.2");
	CHECK(arrives(fd, "10.3.0.2", 20));
	run("ip -n %s link set h1 down", names[HOST]);
	(void)send_to("10.3.0.2", "x", 1, 0); /* before anyone knows */
	pump(50);
	CHECK_INT(refresh(), 0);
	(void)send_to("10.3.0.2", "x", 1, 0); /* by the default route, to who does not answer */
	run("ip -n %s link set h1 up; ip -n %s addr replace fd03::1/64 dev h1 nodad", names[HOST], names[HOST]);
	run("ip -n %s route replace 10.4.0.0/16 via 10.3.0.2; ip -n %s route replace fd04::/16 via fd03::2", names[HOST],
	    names[HOST]);
	pump(50);
	CHECK_INT(refresh(), 0);
	CHECK(arrives(fd, "10.3.0.2", 20));
	CHECK(comes(fd, "10.3.0.1", 20));
	/* Down and up again without a refresh between: the socket must live on. */
	run("ip -n %s link set t0 down; ip -n %s link set t0 up", names[OTHER], names[OTHER]);
	address(OTHER, "t0", "fd03::2/64");
	pump(50);
	CHECK(arrives(fd, "10.3.0.2", 21));
	CHECK(comes(fd, "10.3.0.1", 21));
	run("ip -n %s link set h1 down; ip -n %s link set h1 up; ip -n %s addr replace fd03::1/64 dev h1 nodad", names[HOST],
	    names[HOST], names[HOST]);
	run("ip -n %s route replace 10.4.0.0/16 via 10.3.0.2; ip -n %s route replace fd04::/16 via fd03::2", names[HOST],
	    names[HOST]);
	pump(50);
	CHECK(arrives(fd, "10.3.0.2", 22));
	CHECK(comes(fd, "10.3.0.1", 22));
	close(fd);
	CHECK_INT(finish(), 0);
}

/* A gateway's twin takes over: it announces the address with a new MAC. */
TEST(a_neighbours_new_mac_is_learned)
{
	uint8_t mac[6];

	CHECK_INT(start(), 0);
	int fd = peer(OTHER, "10.3.0.2");
	CHECK(arrives(fd, "10.3.0.2", 20));
	mac_of(OTHER, "t0", mac);
	run("ip -n %s link set t0 address 02:00:00:00:00:77", names[OTHER]);
	int raw = raw_on(OTHER, "t0");
	uint8_t frame[60] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0, 0x77, 8, 6, 0, 1, 8, 0, 6, 4, 0, 1,
			      2, 0, 0, 0, 0, 0x77, 10, 3, 0, 2, 0, 0, 0, 0, 0, 0, 10, 3, 0, 2 };
	CHECK_INT(send(raw, frame, sizeof(frame), 0), sizeof(frame));
	pump(50);
	CHECK(arrives(fd, "10.3.0.2", 21));
	run("ip -n %s link set t0 address %02x:%02x:%02x:%02x:%02x:%02x", names[OTHER], mac[0], mac[1], mac[2], mac[3],
	    mac[4], mac[5]);
	close(raw), close(fd);
	CHECK_INT(finish(), 0);
}

TEST(a_nic_of_our_own)
{
	const struct tunnel_nic one = {
		.link = "h2",
		.addresses = { { addr("10.5.0.1"), 24 }, { addr("fd05::1"), 64 } },
		.address_count = 2,
		.routes = { { { addr("10.55.0.0"), 24 }, addr("10.5.0.2") } },
		.route_count = 1,
	};

	alone = &one;
	alone_count = 1;
	CHECK_INT(start(), 0);
	int fd4 = peer(OTHER, "10.5.0.2"), fd6 = peer(OTHER, "fd05::2");
	run("ip -n %s neigh flush dev u0", names[OTHER]);
	CHECK(comes(fd4, "10.5.0.1", 33)); /* it asks and lwIP answers */
	CHECK(comes(fd6, "fd05::1", 34));
	CHECK(arrives(fd4, "10.5.0.2", 35));
	CHECK(arrives(fd6, "fd05::2", 36));
	run("ip -n %s address add 10.55.0.9/32 dev lo", names[OTHER]);
	int behind = peer(OTHER, "10.55.0.9");
	CHECK(arrives(behind, "10.55.0.9", 37));
	close(fd4), close(behind);
	CHECK(super_in(OTHER, "10.5.0.2", "10.5.0.1"));
	/* and to pings */
	run("(ip netns exec %s ping -c1 -W1 10.5.0.1; ip netns exec %s ping -c1 -W1 fd05::1) > /tmp/test_outer_ping 2>&1 &",
	    names[OTHER], names[OTHER]);
	pump(400);
	if (access("/usr/bin/ping", X_OK) == 0 || access("/bin/ping", X_OK) == 0)
		CHECK_INT(system("test $(grep -c '1 received' /tmp/test_outer_ping) = 2"), 0);
	(void)unlink("/tmp/test_outer_ping");
	alone = NULL;
	alone_count = 0;
	CHECK_INT(refresh(), 0); /* given back to the kernel, which has no address there */
	CHECK_INT(send_to("10.5.0.2", "x", 1, 0), 0); /* by the default route */
	close(fd6);
	CHECK_INT(finish(), 0);
}

static const struct tunnel_nic nic_of_our_own = {
	.link = "h2",
	.addresses = { { { AF_INET, { 10, 5, 0, 1 } }, 24 }, { { AF_INET6, { 0xfd, 5, [15] = 1 } }, 64 } },
	.address_count = 2,
};

/* The kernel of the other end takes another MAC and asks for us. */
TEST(a_nic_of_our_own_learns_a_neighbours_new_mac)
{
	uint8_t mac[6];

	alone = &nic_of_our_own;
	alone_count = 1;
	CHECK_INT(start(), 0);
	int fd4 = peer(OTHER, "10.5.0.2"), fd6 = peer(OTHER, "fd05::2");
	CHECK(arrives(fd4, "10.5.0.2", 20));
	CHECK(arrives(fd6, "fd05::2", 20));
	mac_of(OTHER, "u0", mac);
	run("ip -n %s link set u0 address 02:00:00:00:00:78", names[OTHER]);
	CHECK(!arrives(fd4, "10.5.0.2", 21)); /* no one said a word */
	CHECK(comes(fd4, "10.5.0.1", 22));
	CHECK(arrives(fd4, "10.5.0.2", 23));
	CHECK(comes(fd6, "fd05::1", 24));
	CHECK(arrives(fd6, "fd05::2", 25));
	run("ip -n %s link set u0 address %02x:%02x:%02x:%02x:%02x:%02x", names[OTHER], mac[0], mac[1], mac[2], mac[3], mac[4],
	    mac[5]);
	close(fd4), close(fd6);
	alone = NULL;
	alone_count = 0;
	CHECK_INT(finish(), 0);
}

/* A bond turned to another port: the others hear by which MAC, and a switch by which port, without asking. */
TEST(a_nic_of_our_own_says_its_addresses_anew)
{
	uint8_t mac[6];
	char words[128];

	alone = &nic_of_our_own;
	alone_count = 1;
	CHECK_INT(start(), 0);
	mac_of(HOST, "h2", mac);
	(void)snprintf(words, sizeof(words), "ip -n %s neigh show 10.5.0.1 dev u0 | grep -q %02x:%02x:%02x:%02x:%02x:%02x", names[OTHER], mac[0],
		       mac[1], mac[2], mac[3], mac[4], mac[5]);
	pump(50);
	run("ip -n %s neigh replace 10.5.0.1 lladdr 02:00:00:00:00:79 dev u0 nud stale", names[OTHER]);
	CHECK(system(words) != 0);
	outer_announce(if_nametoindex("h2"));
	for (int i = 0; i < 600 && system(words) != 0; i++)
		pump(50);
	CHECK_INT(system(words), 0);
	alone = NULL;
	alone_count = 0;
	CHECK_INT(finish(), 0);
}

/* Each is found, and asked for again by none. The kernel's own table is one for all namespaces: what is lost to another's
 * crowd there is sent again. */
TEST(a_hundred_and_fifty_neighbours_on_one_link)
{
	enum { MANY = 150 };
	uint8_t buf[64];
	char text[32];
	unsigned asked_in_first_round = 0;

	run("for i in $(seq 1 %d); do echo address add fd01::1:$(printf %%x $i)/64 dev r0 nodad; done | ip -n %s -batch -", MANY,
	    names[ROUTER]);
	CHECK_INT(start(), 0);
	int fd = peer(ROUTER, "::");
	for (unsigned i = 0; i < 3 * MANY; i++) {
		ssize_t len = -1;

		(void)snprintf(text, sizeof(text), "fd01::1:%x", i % MANY + 1);
		for (unsigned k = 0; k < 10000 && len < 0; k++) {
			if (k % 1000 == 0)
				CHECK_INT(send_to(text, pattern, 40, 0), 0);
			len = recv(fd, buf, sizeof(buf), MSG_DONTWAIT);
			if (len < 0)
				pump(1);
		}
		CHECK_INT(len, 40);
		if (i == MANY - 1)
			asked_in_first_round = asked;
	}
	CHECK(asked < asked_in_first_round + MANY / 10);
	run("for i in $(seq 1 %d); do echo address del fd01::1:$(printf %%x $i)/64 dev r0; done | ip -n %s -batch -", MANY,
	    names[ROUTER]);
	close(fd);
	CHECK_INT(finish(), 0);
}

TEST(an_answer_asks_no_one)
{
	uint8_t buf[64];

	CHECK_INT(start(), 0);
	got.answer = true;
	int fd4 = peer(ROUTER, "10.1.0.2"), fd6 = peer(ROUTER, "fd01::2"), far = peer(SERVER, "10.2.0.2");
	run("ip -n %s route del default via 10.1.0.2", names[HOST]);
	CHECK_INT(refresh(), 0);
	asked = 0;
	CHECK(comes(fd4, "10.1.0.1", 50));
	CHECK_INT(recv(fd4, buf, sizeof(buf), 0), 50);
	CHECK(comes(fd6, "fd01::1", 51));
	CHECK_INT(recv(fd6, buf, sizeof(buf), 0), 51);
	CHECK(comes(far, "10.1.0.1", 52)); /* to where no route leads */
	CHECK_INT(recv(far, buf, sizeof(buf), 0), 52);
	CHECK_INT(asked, 0);
	const struct inet_flow late = { .remote = endpoint("10.1.0.2"), .local = addr("10.1.0.1") };
	CHECK_INT(outer_answer(&late, 0, pattern, 1), -ENETUNREACH); /* nothing is at hand */
	run("ip -n %s route add default via 10.1.0.2", names[HOST]);
	close(fd4), close(fd6), close(far);
	CHECK_INT(finish(), 0);
}

static int start_with_data_word(void)
{
	int err;

	memset(&rest, 0, sizeof(rest));
	rest.data_word = load_be32((const uint8_t *)"data");
	err = start_with(false);
	rest.data_word = 0;
	return err;
}

TEST(what_is_no_data_goes_behind_it)
{
	CHECK_INT(start_with_data_word(), 0);
	int fd4 = peer(ROUTER, "10.1.0.2"), fd6 = peer(ROUTER, "fd01::2");
	CHECK(peer_send(fd4, "10.1.0.1", "data", 4) && peer_send(fd6, "fd01::1", "data4", 5));
	CHECK(pump_until(2));
	CHECK_INT(rest.asked, 0);
	CHECK(peer_send(fd4, "10.1.0.1", "datum", 5) && peer_send(fd6, "fd01::1", "Data", 4));
	CHECK(pump_until(4));
	CHECK(rest.asked > 0 && rest.none_waits > 0);
	/* Whatever it is, and a fragment of it too. */
	CHECK(peer_send(fd4, "10.1.0.1", pattern, 9000) && peer_send(fd6, "fd01::1", pattern, 9000));
	CHECK(pump_until(6));
	/* At the next port as well. */
	CHECK_INT(outer_set_port(PORT + 9), 0);
	CHECK(peer_send(fd4, "10.1.0.1", "x234", 4) && peer_send(fd4, "10.1.0.1", "data", 4));
	pump(50);
	CHECK_INT(got.count, 6);
	CHECK_INT(outer_set_port(PORT), 0);
	CHECK(peer_send(fd4, "10.1.0.1", "x234", 4) && peer_send(fd4, "10.1.0.1", "data", 4));
	CHECK(pump_until(8));
	close(fd4), close(fd6);
	CHECK_INT(finish(), 0);
}

TEST(what_goes_behind_the_data_waits_and_what_finds_no_room_is_counted)
{
	enum { FLOOD = 20000, DATA = 200 };
	struct outer_stats stats;
	size_t read;

	CHECK_INT(start_with_data_word(), 0);
	int fd = peer(ROUTER, "10.1.0.2");
	rest.for_ns = NS_PER_MS;
	for (int i = 0; i < FLOOD; i++) {
		CHECK(peer_send(fd, "10.1.0.1", "flood", 5));
		if (i % (FLOOD / DATA) == 0)
			CHECK(peer_send(fd, "10.1.0.1", "data", 4));
		if (i % 1000 == 0)
			pump(0);
	}
	CHECK(pump_until(DATA));
	pump(50);
	CHECK_INT(got.count, DATA); /* not one of it is lost, nor is one of the others read */
	CHECK_MEM(got.last, "data", 4);
	CHECK(rest.asked > 10);
	outer_stats(&stats);
	CHECK(stats.rx_unread > 0 && stats.rx_unread < FLOOD);
	rest.for_ns = 0;
	read = FLOOD - stats.rx_unread;
	CHECK(read > 100);
	CHECK(pump_until(DATA + read));
	pump(50);
	outer_stats(&stats);
	CHECK_INT(got.count, DATA + FLOOD - stats.rx_unread); /* counted once, whenever it is asked for */
	/* Closed while it rests. */
	rest.for_ns = 10 * NS_PER_MS;
	CHECK(peer_send(fd, "10.1.0.1", "flood", 5));
	pump(5);
	close(fd);
	CHECK_INT(finish(), 0);
	pump(50);
}

static int epoll_fd;

static void take_epoll(struct loop_timer *timer, uint64_t now_ns)
{
	(void)timer;
	(void)now_ns;
	epoll_fd = loop.epoll_fd;
	loop.epoll_fd = -1;
}

static void give_epoll(struct loop_timer *timer, uint64_t now_ns)
{
	(void)timer;
	(void)now_ns;
	loop.epoll_fd = epoll_fd;
}

TEST(what_rests_is_read_also_when_it_could_not_be_put_back_at_once)
{
	static struct loop_timer before, behind;

	CHECK_INT(start_with_data_word(), 0);
	int fd = peer(ROUTER, "10.1.0.2");
	rest.for_ns = 50 * NS_PER_MS;
	CHECK(peer_send(fd, "10.1.0.1", "flood", 5));
	for (int i = 0; i < 100 && !rest.asked; i++)
		pump(1);
	CHECK(rest.asked > 0);
	usleep(60000);
	/* In one turn, with the end of its rest between them. */
	loop_timer_set(&loop, &before, 0, take_epoll);
	loop_timer_set(&loop, &behind, clock_now_ns(), give_epoll);
	rest.for_ns = 0;
	pump(1);
	CHECK(epoll_fd > 0 && loop.epoll_fd == epoll_fd);
	CHECK(pump_until(1));
	close(fd);
	CHECK_INT(finish(), 0);
}

TEST(the_port_moves)
{
	CHECK_INT(start(), 0);
	int fd = peer(ROUTER, "10.1.0.2");
	CHECK(arrives(fd, "10.1.0.2", 20));
	CHECK_INT(outer_set_port(PORT + 9), 0);
	CHECK_INT(outer_port(), PORT + 9);
	CHECK_INT(send_to("10.1.0.2", "hello", 5, 0), 0);
	struct sockaddr_in from;
	socklen_t len = sizeof(from);
	uint8_t buf[32];
	CHECK_INT(recvfrom(fd, buf, sizeof(buf), 0, (struct sockaddr *)&from, &len), 5);
	CHECK_INT(ntohs(from.sin_port), PORT + 9);
	CHECK_INT(sendto(fd, "x", 1, 0, (struct sockaddr *)&from, len), 1);
	CHECK(pump_until(1));
	CHECK(peer_send(fd, "10.1.0.1", "x", 1)); /* the old one */
	pump(50);
	CHECK_INT(got.count, 1);
	int taken = socket(AF_INET6, SOCK_DGRAM, 0);
	struct sockaddr_in6 here = { .sin6_family = AF_INET6, .sin6_port = htons(PORT + 10) };
	CHECK_INT(bind(taken, (struct sockaddr *)&here, sizeof(here)), 0);
	CHECK_INT(outer_set_port(PORT + 10), -EADDRINUSE);
	CHECK_INT(outer_port(), PORT + 9);
	CHECK_INT(outer_set_port(0), 0);
	CHECK(outer_port() != 0);
	close(fd), close(taken);
	CHECK_INT(finish(), 0);
}

TEST(a_nic_that_vanishes)
{
	CHECK_INT(start(), 0);
	run("ip link add h9 type veth peer name r9 netns %s; ip link set h9 up; ip addr add 10.99.0.1/24 dev h9",
	    names[ROUTER]);
	run("ip -n %s addr add 10.99.0.2/24 dev r9; ip -n %s link set r9 up", names[ROUTER], names[ROUTER]);
	CHECK_INT(refresh(), 0);
	int fd = peer(ROUTER, "10.99.0.2"), near = peer(ROUTER, "10.1.0.2");
	CHECK(arrives(fd, "10.99.0.2", 20));
	run("ip link del h9");
	CHECK_INT(send_to("10.99.0.2", "x", 1, 0), 0); /* lost */
	pump(50);
	CHECK(arrives(near, "10.1.0.2", 20));
	CHECK_INT(refresh(), 0);
	CHECK(arrives(near, "10.1.0.2", 21));
	close(fd), close(near);
	CHECK_INT(finish(), 0);
}

static bool told_of(const struct tunnel *tunnel, const char *words)
{
	for (int i = 0; i < 500 && strcmp(tunnel->trouble, words) != 0; i++)
		pump(20);
	return strcmp(tunnel->trouble, words) == 0;
}

TEST(a_part_of_the_host_is_told_of_while_there_is_more)
{
	static struct tunnel tunnel = { .loop = &loop, .host = &nl };

	CHECK_INT(start(), 0);
	CHECK_INT(underlay_open(&tunnel, NULL), 0);
	run("for i in $(seq 260); do echo link add m$i up type bridge; done | ip -n %s -batch -", names[HOST]);
	CHECK(told_of(&tunnel, "WireGuard on lwIP knows a part of this host only, which has more than 16 Ethernet links"));
	run("for i in $(seq 260); do echo link del m$i; done | ip -n %s -batch -", names[HOST]);
	CHECK(told_of(&tunnel, ""));
	underlay_close(&tunnel);
	CHECK_INT(finish(), 0);
}

TEST(nothing_is_left_when_closed_in_the_middle)
{
	CHECK_INT(start(), 0);
	CHECK_INT(send_to("10.1.0.99", pattern, 100, 0), 0); /* no one: waits for ARP */
	CHECK_INT(send_to("fd01::99", pattern, 100, 0), 0);
	for (int i = 0; i < 1000; i++) {
		char text[32];

		(void)snprintf(text, sizeof(text), "10.1.0.%d", i % 100 + 100);
		(void)send_to(text, pattern, 1000, 0);
		(void)snprintf(text, sizeof(text), "fd01::%d", i % 200 + 100);
		(void)send_to(text, pattern, 1000, 0);
	}
	CHECK(outer_pools_used() > 0);
	CHECK_INT(finish(), 0);
	for (int i = 0; i < 50; i++) {
		CHECK_INT(start(), 0);
		CHECK_INT(finish(), 0);
	}
}

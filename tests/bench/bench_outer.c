/* Packets/s and CPU ns per packet of the outer side over veth, out and in, single and super-frames. Root; needs `ip`.
 * Out: until the frame is the kernel's, whose veth delivery into a dropping socket is counted too ("wall"); "ours" is
 * user time alone. In: a child floods. */
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "engine/mirror.h"
#include "engine/neighbours.h"
#include "netlink/netns.h"
#include "outer/outer.h"

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif

enum { PORT = 4567, PEER_PORT = 5000 };

static const uint64_t round_ns = NS_PER_S;
static struct loop loop;
static struct nl nl;
static struct loop_source neighbours;
static struct outer_table table;
static uint8_t payload[65536];
static uint64_t received, batches;

static void on_receive(void *arg, const struct inet_flow *from, uint8_t ds, uint8_t *bytes, size_t len,
		       size_t segment_len, uint64_t now_ns)
{
	(void)arg, (void)from, (void)ds, (void)bytes, (void)now_ns;
	received += (len + segment_len - 1) / segment_len;
}

static void on_received(void *arg, uint64_t now_ns)
{
	(void)arg, (void)now_ns;
	batches++;
}

static void on_neighbour(void *arg, struct outer_neighbour *neighbour)
{
	(void)arg;
	(void)neighbours_ask(&nl, NULL, neighbour);
}

static void on_neighbours(struct loop_source *source, uint32_t events, uint64_t now_ns)
{
	(void)events;
	neighbours_read(source->fd, now_ns);
}

static void stop(struct loop_timer *timer, uint64_t now_ns)
{
	(void)timer, (void)now_ns;
	loop_stop(&loop);
}

static void pump(uint64_t ns)
{
	static struct loop_timer timer;

	loop_timer_set(&loop, &timer, clock_now_ns() + ns, stop);
	(void)loop_run(&loop);
	loop.stopping = false;
}

static uint64_t cpu_ns(bool user_only)
{
	struct rusage usage;
	uint64_t us;

	(void)getrusage(RUSAGE_SELF, &usage);
	us = (uint64_t)usage.ru_utime.tv_sec * 1000000 + (uint64_t)usage.ru_utime.tv_usec;
	if (!user_only)
		us += (uint64_t)usage.ru_stime.tv_sec * 1000000 + (uint64_t)usage.ru_stime.tv_usec;
	return us * 1000;
}

static void print(const char *name, uint64_t count, uint64_t wall, uint64_t cpu, uint64_t user)
{
	double n = count ? (double)count : 1;

	printf("%-28s %9.0f kpps  cpu %6.0f ns/packet  of it user %5.0f\n", name, (double)count * 1e6 / (double)wall,
	       (double)cpu / n, (double)user / n);
	(void)fflush(stdout);
}

static void out(const char *name, const struct inet_flow *to, size_t total, size_t segment_len, unsigned burst)
{
	uint64_t start = clock_now_ns(), now = start, count = 0, cpu = cpu_ns(false), user = cpu_ns(true);

	while (now - start < round_ns) {
		for (unsigned i = 0; i < burst; i++)
			(void)outer_send(to, 0, payload, total, segment_len, now);
		outer_flush();
		count += burst * (segment_len ? (total + segment_len - 1) / segment_len : 1);
		now = clock_now_ns();
	}
	print(name, count, now - start, cpu_ns(false) - cpu, cpu_ns(true) - user);
}

static pid_t flood(int space, const char *to, size_t total, int segment)
{
	struct sockaddr_in in4 = { .sin_family = AF_INET, .sin_port = htons(PORT) };
	struct mmsghdr messages[64] = { 0 };
	struct iovec iov = { payload, total };
	pid_t child = fork();
	int fd;

	(void)to;
	if (child)
		return child;
	(void)setns(space, CLONE_NEWNET);
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	in4.sin_addr.s_addr = htonl(0x0a010001);
	if (segment)
		(void)setsockopt(fd, IPPROTO_UDP, UDP_SEGMENT, &segment, sizeof(segment));
	for (int i = 0; i < 64; i++) {
		messages[i].msg_hdr.msg_name = &in4;
		messages[i].msg_hdr.msg_namelen = sizeof(in4);
		messages[i].msg_hdr.msg_iov = &iov;
		messages[i].msg_hdr.msg_iovlen = 1;
	}
	for (;;)
		(void)sendmmsg(fd, messages, 64, 0);
}

static void in(const char *name, int space, size_t total, int segment)
{
	pid_t child = flood(space, "10.1.0.1", total, segment);
	uint64_t start, cpu, user;

	pump(round_ns / 5);
	received = 0;
	start = clock_now_ns(), cpu = cpu_ns(false), user = cpu_ns(true);
	pump(round_ns);
	print(name, received, clock_now_ns() - start, cpu_ns(false) - cpu, cpu_ns(true) - user);
	(void)kill(child, SIGKILL);
	(void)waitpid(child, NULL, 0);
	pump(round_ns / 10);
}

static int on_ask(void *arg, const struct inet_flow *to, struct outer_way *way)
{
	(void)arg;
	return mirror_ask(&nl, to, way);
}

int main(void)
{
	static const char script[] =
		"ip link add h0 netns bench-host type veth peer name r0 netns bench-peer;"
		"ip -n bench-host addr add 10.1.0.1/24 dev h0; ip -n bench-host addr add fd01::1/64 dev h0 nodad;"
		"ip -n bench-peer addr add 10.1.0.2/24 dev r0; ip -n bench-peer addr add fd01::2/64 dev r0 nodad;"
		"ip -n bench-host link set h0 up; ip -n bench-peer link set r0 up";
	struct outer_options options = { .loop = &loop, .port = PORT, .host = { .ask = on_ask, .neighbour = on_neighbour, .receive = on_receive,
						  .received = on_received } };
	const struct inet_flow to4 = { .remote = { { AF_INET, { 10, 1, 0, 2 } }, PEER_PORT, 0 } };
	const struct inet_flow to6 = { .remote = { { AF_INET6, { 0xfd, 1, [15] = 2 } }, PEER_PORT, 0 } };
	struct sockaddr_in6 here = { .sin6_family = AF_INET6, .sin6_port = htons(PEER_PORT) };
	struct mirror_full full;
	int host, peer, sink;
	bool created;

	(void)netns_remove("bench-host"), (void)netns_remove("bench-peer");
	host = netns_open("bench-host", &created);
	peer = netns_open("bench-peer", &created);
	if (host < 0 || peer < 0 || system(script) != 0 || setns(peer, CLONE_NEWNET) < 0)
		return 1;
	sink = socket(AF_INET6, SOCK_DGRAM, 0); /* never read: the kernel drops when it is full */
	int one = 1;
	(void)setsockopt(sink, IPPROTO_UDP, 104 /* UDP_GRO */, &one, sizeof(one));
	(void)bind(sink, (struct sockaddr *)&here, sizeof(here));
	if (setns(host, CLONE_NEWNET) < 0 || nl_open(&nl, NETLINK_ROUTE) < 0 || loop_open(&loop) < 0 ||
	    loop_add(&loop, &neighbours, nl_monitor_open(NEIGHBOURS_GROUPS), EPOLLIN, on_neighbours) < 0 ||
	    outer_open(&options, clock_now_ns()) < 0 || mirror_read(&nl, &(const struct mirror_options){ .nics = NULL }, &table, &full) < 0 ||
	    outer_refresh(&table, clock_now_ns(), NULL) < 0)
		return 1;
	for (int i = 0; i < 2; i++) {
		(void)outer_send(&to4, 0, payload, 10, 0, clock_now_ns());
		(void)outer_send(&to6, 0, payload, 10, 0, clock_now_ns());
		outer_flush();
		pump(3 * NS_PER_S / 2); /* neighbours: a new link is not ready at once */
	}
	out("out IPv4 single 64 B", &to4, 64, 0, 64);
	out("out IPv4 single 1452 B", &to4, 1452, 0, 64);
	out("out IPv6 single 1452 B", &to6, 1452, 0, 64);
	out("out IPv4 super 44 x 1452 B", &to4, 44 * 1452, 1452, 16);
	out("out IPv4 super 64 x 96 B", &to4, 64 * 96, 96, 16);
	out("out IPv6 super 44 x 1432 B", &to6, 44 * 1432, 1432, 16);
	in("in  IPv4 single 64 B", peer, 64, 0);
	in("in  IPv4 single 1452 B", peer, 1452, 0);
	in("in  IPv4 super 44 x 1452 B", peer, 44 * 1452, 1452);
	outer_close();
	close(sink);
	(void)netns_remove("bench-host"), (void)netns_remove("bench-peer");
	return outer_pools_used() != 0;
}

/* What shows that a tunnel works, and what does not: echo replies by its interface, by another one, and with other data. */
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../unit/test.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "base/sum.h"
#include "gateway/asked.h"
#include "netlink/netns.h"

enum { PACKET_LEN = 256, IP_LEN = 20, WAIT_S = 30, ECHO_REQUEST = 8, FORGED = 2 };

#define SPACE "asked"

static struct loop loop;
static struct asked asked;
static unsigned forged;
static bool late;

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

static int open_tun(void *arg)
{
	struct ifreq request = { .ifr_flags = IFF_TUN | IFF_NO_PI };
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);

	(void)snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", (const char *)arg);
	return fd < 0 || ioctl(fd, TUNSETIFF, &request) < 0 ? -errno : fd;
}

/* Of the interface in the namespace: what is sent by it is read here, and what is written comes in by it. */
static int make_interface(int space, const char *name, const char *address)
{
	char copy[IFNAMSIZ];
	int fd;

	(void)snprintf(copy, sizeof(copy), "%s", name);
	fd = netns_call(space, open_tun, copy);
	run("ip -n " SPACE " addr add %s dev %s && ip -n " SPACE " link set %s up", address, name, name);
	run("ip netns exec " SPACE " sh -c 'echo 0 >/proc/sys/net/ipv4/conf/%s/rp_filter'", name);
	return fd;
}

/* The next IPv4 packet that leaves: its length. */
static size_t read_request(int tun, uint8_t packet[static PACKET_LEN])
{
	for (;;) {
		struct pollfd ready = { .fd = tun, .events = POLLIN };
		ssize_t n = poll(&ready, 1, WAIT_S * 1000) > 0 ? read(tun, packet, PACKET_LEN) : -1;

		if (n < 0 || (n > IP_LEN + 8 && packet[0] == 0x45 && packet[9] == IPPROTO_ICMP && packet[IP_LEN] == ECHO_REQUEST))
			return n < 0 ? 0 : (size_t)n;
	}
}

static void write_reply(int tun, const uint8_t *request, size_t len, uint8_t turned)
{
	uint8_t packet[PACKET_LEN];

	memcpy(packet, request, len);
	memcpy(packet + 12, request + 16, 4);
	memcpy(packet + 16, request + 12, 4);
	packet[IP_LEN] = 0;
	packet[IP_LEN + 8] ^= turned;
	packet[IP_LEN + 2] = packet[IP_LEN + 3] = 0;
	sum_put(packet + IP_LEN + 2, sum_bytes(0, packet + IP_LEN, len - IP_LEN));
	CHECK(write(tun, packet, len) == (ssize_t)len);
}

static void answered(struct asked *of, const struct inet_addr *from, uint64_t now_ns)
{
	(void)of;
	(void)now_ns;
	if (from->bytes[3] == FORGED)
		forged++;
	else
		loop_stop(&loop);
}

static void waited_enough(struct loop_timer *timer, uint64_t now_ns)
{
	(void)timer;
	(void)now_ns;
	late = true;
	loop_stop(&loop);
}

TEST(echo_reply_counts_by_the_interface_and_with_the_data_of_the_request)
{
	bool created;
	int space = netns_open(SPACE, &created), inner = make_interface(space, "wg9", "10.8.3.1/24"),
	    outer = make_interface(space, "eth9", "192.0.2.1/24");
	uint8_t request[PACKET_LEN];
	struct loop_timer deadline = { 0 };
	struct inet_addr target;
	size_t len;

	run("ip netns exec " SPACE " sh -c 'echo 0 >/proc/sys/net/ipv4/conf/all/rp_filter'");
	CHECK(space >= 0 && inner >= 0 && outer >= 0);
	CHECK_INT(loop_open(&loop), 0);
	asked_open(&asked, &loop, space, "wg9");
	CHECK(!inet_addr_parse(slice_of("10.8.3.2"), &target));
	asked_send(&asked, &target, clock_now_ns(), answered);
	len = read_request(inner, request);
	CHECK(len > 0);
	write_reply(outer, request, len, 0); /* someone who has seen the request, beside the tunnel */
	write_reply(inner, request, len, 1); /* someone who has not */
	CHECK(!inet_addr_parse(slice_of("10.8.3.3"), &target)); /* the control */
	asked_send(&asked, &target, clock_now_ns(), answered);
	len = read_request(inner, request);
	CHECK(len > 0);
	write_reply(inner, request, len, 0);
	loop_timer_set(&loop, &deadline, clock_now_ns() + WAIT_S * NS_PER_S, waited_enough);
	CHECK_INT(loop_run(&loop), 0);
	CHECK(!late);
	CHECK_INT(forged, 0);
	asked_close(&asked);
	loop_close(&loop);
	close(inner);
	close(outer);
	close(space);
	CHECK_INT(netns_remove(SPACE), 0);
}

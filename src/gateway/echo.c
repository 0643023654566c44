#include "gateway/echo.h"

#include <errno.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/sockaddr.h"
#include "base/sum.h"
#include "crypto/random.h"
#include "netlink/netns.h"

/* Type, code, checksum, identifier, sequence number, data. */
enum {
	ECHO_TYPE = 0,
	ECHO_SUM = 2,
	ECHO_ID = 4,
	ECHO_SEQ = 6,
	ECHO_DATA = ECHO_HEADER_LEN,
	ECHO_MIN = ECHO_DATA + ECHO_STAMP_LEN,
	ECHO_MAX = ECHO_DATA + ECHO_DATA_MAX,
	HEARD_LEN = 256, /* what is behind that is padding */
	TTL_UNKNOWN = 64,
	RAW_ICMP_FILTER = 1, /* ICMP_FILTER of linux/icmp.h, which goes with no libc's netinet/ */
};

/* ---- sockets ---- */

static int open_v4(void *arg)
{
	const uint32_t blocked = ~(UINT32_C(1) << ICMP_ECHOREPLY); /* struct icmp_filter */
	int fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMP);

	(void)arg;
	if (fd < 0)
		return -errno;
	(void)setsockopt(fd, SOL_RAW, RAW_ICMP_FILTER, &blocked, sizeof(blocked));
	return fd;
}

static int open_v6(void *arg)
{
	int fd = socket(AF_INET6, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMPV6);
	struct icmp6_filter replies;

	(void)arg;
	if (fd < 0)
		return -errno;
	/* RFC 3542 3.2: a bit that is set blocks. musl's macros for it do not pass -Wconversion. */
	memset(&replies, 0xff, sizeof(replies));
	replies.icmp6_filt[ICMP6_ECHO_REPLY >> 5] &= ~(UINT32_C(1) << (ICMP6_ECHO_REPLY & 31));
	(void)setsockopt(fd, IPPROTO_ICMPV6, ICMP6_FILTER, &replies, sizeof(replies));
	return fd;
}

int echo_bind(int fd, const char *device)
{
	return setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, device, (socklen_t)strlen(device)) < 0 ? -errno : 0;
}

int echo_open(int netns_fd, uint8_t family, const char *device)
{
	int fd = netns_call(netns_fd, family == AF_INET ? open_v4 : open_v6, NULL);
	int err = fd >= 0 && device ? echo_bind(fd, device) : 0;

	if (err < 0)
		close(fd);
	return err < 0 ? err : fd;
}

/* ---- requests ---- */

/* The socket is another echo's too. IPv6 fragments at the sender alone, and then not either. */
static void set_df(int fd, bool v4, bool df)
{
	const int v4_how = df ? IP_PMTUDISC_DO : IP_PMTUDISC_WANT, v6_how = df ? IPV6_PMTUDISC_DO : IPV6_PMTUDISC_WANT;
	const int dont = df;

	if (v4) {
		(void)setsockopt(fd, IPPROTO_IP, IP_MTU_DISCOVER, &v4_how, sizeof(v4_how));
		return;
	}
	(void)setsockopt(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, &v6_how, sizeof(v6_how));
	(void)setsockopt(fd, IPPROTO_IPV6, IPV6_DONTFRAG, &dont, sizeof(dont));
}

int echo_send(int fd, const struct inet_addr *target, uint16_t id, uint16_t seq, const uint8_t stamp[static ECHO_STAMP_LEN], size_t data_len,
	      bool df)
{
	const struct inet_endpoint endpoint = { .addr = *target };
	union sockaddr_any to;
	socklen_t to_len = sockaddr_from(&to, &endpoint);
	bool v4 = target->family == AF_INET;
	uint8_t packet[ECHO_MAX] = { 0 };
	ssize_t n;

	packet[ECHO_TYPE] = v4 ? ICMP_ECHO : ICMP6_ECHO_REQUEST;
	store_be16(packet + ECHO_ID, id);
	store_be16(packet + ECHO_SEQ, seq);
	memcpy(packet + ECHO_DATA, stamp, ECHO_STAMP_LEN);
	set_df(fd, v4, df);
	/* RFC 3542 3.1: the kernel fills in the checksum of a raw ICMPv6 socket. */
	if (v4)
		sum_put(packet + ECHO_SUM, sum_bytes(0, packet, ECHO_DATA + data_len));
	n = sendto(fd, packet, ECHO_DATA + data_len, MSG_DONTWAIT, &to.any, to_len);
	return n < 0 ? -errno : 0;
}

/* Another service in the same namespace hears our answers too. */
uint16_t echo_next_id(void)
{
	static uint16_t last_id;

	if (!last_id)
		(void)random_bytes(&last_id, sizeof(last_id));
	return ++last_id == ECHO_PROBE_ID ? ++last_id : last_id;
}

/* ---- replies ---- */

static bool read_echo(const uint8_t *packet, size_t len, uint8_t type, struct echo *echo)
{
	if (len < ECHO_MIN || packet[ECHO_TYPE] != type)
		return false;
	echo->id = load_be16(packet + ECHO_ID);
	echo->seq = load_be16(packet + ECHO_SEQ);
	memcpy(echo->stamp, packet + ECHO_DATA, ECHO_STAMP_LEN);
	return true;
}

/* With its IP header, as a raw socket gives it. */
static bool read_v4(const uint8_t *packet, size_t len, struct echo *echo)
{
	struct iphdr ip;
	size_t header_len;

	if (len < sizeof(ip))
		return false;
	memcpy(&ip, packet, sizeof(ip));
	header_len = (size_t)ip.ihl * 4;
	if (len < header_len)
		return false;
	echo->from = (struct inet_addr){ .family = AF_INET };
	memcpy(echo->from.bytes, &ip.saddr, sizeof(ip.saddr));
	echo->ttl = ip.ttl;
	return read_echo(packet + header_len, len - header_len, ICMP_ECHOREPLY, echo);
}

static bool read_v6(const uint8_t *packet, size_t len, const union sockaddr_any *addr, socklen_t addr_len, struct echo *echo)
{
	struct inet_endpoint from;

	if (!sockaddr_to(&from, addr, addr_len))
		return false;
	echo->from = from.addr;
	echo->ttl = TTL_UNKNOWN;
	return read_echo(packet, len, ICMP6_ECHO_REPLY, echo);
}

bool echo_receive(int fd, uint8_t family, struct echo *echo)
{
	uint8_t packet[HEARD_LEN];

	for (;;) {
		union sockaddr_any addr;
		socklen_t addr_len = sizeof(addr);
		ssize_t n = recvfrom(fd, packet, sizeof(packet), MSG_DONTWAIT, &addr.any, &addr_len);

		if (n < 0)
			return false;
		if (family == AF_INET ? read_v4(packet, (size_t)n, echo) : read_v6(packet, (size_t)n, &addr, addr_len, echo))
			return true;
	}
}

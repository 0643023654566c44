/* udpload send|send-gso ADDRESS PORT LEN SECONDS
 * udpload receive|receive-gro PORT SECONDS
 * udpload sink PORT SECONDS
 *
 * As many datagrams of LEN bytes as the kernel takes, and how many of them come: the receiver counts for SECONDS from the
 * first one. Many per call, and a socket buffer that does not overflow while the receiver waits for its turn, so that it is
 * the network between that is measured. send-gso and receive-gro have many in one buffer (UDP_SEGMENT, UDP_GRO), so that they cost
 * less than what is between them does also when datagrams are small. A sink reads nothing: what comes is dropped by a full buffer. */
#include <arpa/inet.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/clock.h"

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#define UDP_GRO 104
#endif

enum {
	BATCH = 64,
	LEN_MAX = 1500,
	SUPER_BATCH = 16,     /* buffers with many datagrams each */
	SUPER_LEN = 65535,
	SUPER_SENT_MAX = 61440,
	SEGMENTS_MAX = 64,
	BUFFER_LEN = 32 << 20,
	SINK_LEN = 4096,
	PATIENCE_S = 10,
};

struct control {
	_Alignas(8) char bytes[CMSG_SPACE(sizeof(int))];
};

static uint8_t bytes[SUPER_BATCH][SUPER_LEN];
static struct iovec iov[BATCH];
static struct mmsghdr messages[BATCH];
static struct control controls[BATCH];

static void set_up(size_t len, bool super)
{
	for (size_t i = 0; i < BATCH; i++) {
		iov[i] = (struct iovec){ bytes[super ? i % SUPER_BATCH : 0], len };
		messages[i].msg_hdr.msg_iov = &iov[i];
		messages[i].msg_hdr.msg_iovlen = 1;
	}
}

static int fail(const char *what)
{
	perror(what);
	return 1;
}

static int send_all(int fd, const char *address, uint16_t port, size_t len, uint64_t seconds, bool gso)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(port) };
	size_t each = !gso ? 1 : SUPER_SENT_MAX / len < SEGMENTS_MAX ? SUPER_SENT_MAX / len : SEGMENTS_MAX;
	uint64_t end_ns = clock_now_ns() + seconds * NS_PER_S;
	unsigned long sent = 0;
	int segment = (int)len;

	if (inet_pton(AF_INET, address, &to.sin_addr) != 1 || connect(fd, (const struct sockaddr *)&to, sizeof(to)) < 0)
		return fail(address);
	if (gso && setsockopt(fd, IPPROTO_UDP, UDP_SEGMENT, &segment, sizeof(segment)) < 0)
		return fail("UDP_SEGMENT");
	set_up(each * len, gso);
	while (clock_now_ns() < end_ns) {
		int n = sendmmsg(fd, messages, gso ? SUPER_BATCH : BATCH, 0);

		sent += n > 0 ? (unsigned long)n * each : 0;
	}
	printf("%lu\n", sent);
	return 0;
}

/* How many datagrams are in what came. */
static unsigned long datagrams(struct mmsghdr *message)
{
	struct cmsghdr *c = CMSG_FIRSTHDR(&message->msg_hdr);
	int segment = 0;

	if (c && c->cmsg_level == IPPROTO_UDP && c->cmsg_type == UDP_GRO)
		memcpy(&segment, CMSG_DATA(c), sizeof(segment));
	return segment > 0 ? (message->msg_len + (unsigned)segment - 1) / (unsigned)segment : 1;
}

static int receive_some(int fd, bool gro, unsigned long *received)
{
	unsigned count = gro ? SUPER_BATCH : BATCH;
	int n;

	for (unsigned i = 0; gro && i < count; i++) {
		messages[i].msg_hdr.msg_control = &controls[i];
		messages[i].msg_hdr.msg_controllen = sizeof(controls[i]);
	}
	n = recvmmsg(fd, messages, count, MSG_WAITFORONE, NULL);
	for (int i = 0; i < n; i++)
		*received += datagrams(&messages[i]);
	return n;
}

static int receive_all(int fd, uint16_t port, uint64_t seconds, bool gro)
{
	struct sockaddr_in here = { .sin_family = AF_INET, .sin_port = htons(port) };
	const struct timeval patience = { .tv_sec = PATIENCE_S }, soon = { .tv_usec = 100000 };
	uint64_t end_ns = UINT64_MAX;
	unsigned long received = 0;
	int buffer_len = BUFFER_LEN, one = 1, n;

	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &buffer_len, sizeof(buffer_len)) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) < 0 ||
	    (gro && setsockopt(fd, IPPROTO_UDP, UDP_GRO, &one, sizeof(one)) < 0) ||
	    bind(fd, (const struct sockaddr *)&here, sizeof(here)) < 0)
		return fail("socket");
	set_up(gro ? SUPER_LEN : LEN_MAX, gro);
	puts("ready");
	(void)fflush(stdout);
	do {
		n = receive_some(fd, gro, &received);
		if (end_ns == UINT64_MAX) {
			if (n <= 0)
				break;
			end_ns = clock_now_ns() + seconds * NS_PER_S;
			(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &soon, sizeof(soon));
		}
	} while (clock_now_ns() < end_ns);
	printf("%lu\n", received);
	return 0;
}

static int sink(int fd, uint16_t port, unsigned seconds)
{
	struct sockaddr_in here = { .sin_family = AF_INET, .sin_port = htons(port) };
	int buffer_len = SINK_LEN, one = 1;

	/* As one super-packet it is dropped at once. */
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &buffer_len, sizeof(buffer_len)) < 0 ||
	    setsockopt(fd, IPPROTO_UDP, UDP_GRO, &one, sizeof(one)) < 0 || bind(fd, (const struct sockaddr *)&here, sizeof(here)) < 0)
		return fail("socket");
	puts("ready");
	(void)fflush(stdout);
	sleep(seconds);
	return 0;
}

int main(int argc, char **argv)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	const char *verb = argc > 1 ? argv[1] : "";
	size_t len;

	if (fd < 0)
		return fail("socket");
	if (argc == 6 && !strncmp(verb, "send", 4) && (len = strtoul(argv[4], NULL, 10)) > 0 && len <= LEN_MAX)
		return send_all(fd, argv[2], (uint16_t)strtoul(argv[3], NULL, 10), len, strtoul(argv[5], NULL, 10), !strcmp(verb, "send-gso"));
	if (argc == 4 && !strncmp(verb, "receive", 7))
		return receive_all(fd, (uint16_t)strtoul(argv[2], NULL, 10), strtoul(argv[3], NULL, 10), !strcmp(verb, "receive-gro"));
	if (argc == 4 && !strcmp(verb, "sink"))
		return sink(fd, (uint16_t)strtoul(argv[2], NULL, 10), (unsigned)strtoul(argv[3], NULL, 10));
	(void)fprintf(stderr, "usage: udpload send|send-gso ADDRESS PORT LEN SECONDS | receive|receive-gro PORT SECONDS | sink PORT SECONDS\n");
	return 2;
}

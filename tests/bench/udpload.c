/* udpload send ADDRESS PORT LEN SECONDS
 * udpload receive PORT SECONDS
 *
 * As many datagrams of LEN bytes as the kernel takes, and how many of them come: the receiver counts for SECONDS from the
 * first one. Many per call, and a socket buffer that does not overflow while the receiver waits for its turn, so that it is
 * the network between that is measured. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "base/clock.h"

enum { BATCH = 64, LEN_MAX = 1500, BUFFER_LEN = 32 << 20, PATIENCE_S = 10 };

static uint8_t bytes[BATCH][LEN_MAX];
static struct iovec iov[BATCH];
static struct mmsghdr messages[BATCH];

static void set_up(size_t len)
{
	for (size_t i = 0; i < BATCH; i++) {
		iov[i] = (struct iovec){ bytes[i], len };
		messages[i].msg_hdr.msg_iov = &iov[i];
		messages[i].msg_hdr.msg_iovlen = 1;
	}
}

static int fail(const char *what)
{
	perror(what);
	return 1;
}

static int send_all(int fd, const char *address, uint16_t port, uint64_t seconds)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(port) };
	uint64_t end_ns = clock_now_ns() + seconds * NS_PER_S;
	unsigned long sent = 0;

	if (inet_pton(AF_INET, address, &to.sin_addr) != 1 || connect(fd, (const struct sockaddr *)&to, sizeof(to)) < 0)
		return fail(address);
	while (clock_now_ns() < end_ns) {
		int n = sendmmsg(fd, messages, BATCH, 0);

		sent += n > 0 ? (unsigned long)n : 0;
	}
	printf("%lu\n", sent);
	return 0;
}

static int receive_all(int fd, uint16_t port, uint64_t seconds)
{
	struct sockaddr_in here = { .sin_family = AF_INET, .sin_port = htons(port) };
	const struct timeval patience = { .tv_sec = PATIENCE_S }, soon = { .tv_usec = 100000 };
	uint64_t end_ns = UINT64_MAX;
	unsigned long received = 0;
	int buffer_len = BUFFER_LEN, n;

	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &buffer_len, sizeof(buffer_len)) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) < 0 ||
	    bind(fd, (const struct sockaddr *)&here, sizeof(here)) < 0)
		return fail("socket");
	puts("ready");
	(void)fflush(stdout);
	do {
		n = recvmmsg(fd, messages, BATCH, MSG_WAITFORONE, NULL);
		if (n > 0)
			received += (unsigned long)n;
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

int main(int argc, char **argv)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	size_t len;

	if (fd < 0)
		return fail("socket");
	if (argc == 6 && !strcmp(argv[1], "send") && (len = strtoul(argv[4], NULL, 10)) <= LEN_MAX) {
		set_up(len);
		return send_all(fd, argv[2], (uint16_t)strtoul(argv[3], NULL, 10), strtoul(argv[5], NULL, 10));
	}
	if (argc == 4 && !strcmp(argv[1], "receive")) {
		set_up(LEN_MAX);
		return receive_all(fd, (uint16_t)strtoul(argv[2], NULL, 10), strtoul(argv[3], NULL, 10));
	}
	(void)fprintf(stderr, "usage: udpload send ADDRESS PORT LEN SECONDS | receive PORT SECONDS\n");
	return 2;
}

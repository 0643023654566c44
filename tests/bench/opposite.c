/* opposite key
 * opposite receive ADDRESS:PORT SECONDS PEER_KEY
 * opposite send ADDRESS:PORT SECONDS LEN PEER_KEY
 *
 * The other end of a tunnel, at 10.8.3.2, that costs the end at 10.8.3.1 nothing but its own work, so that one end is measured alone.
 * key prints its public key. It is who shakes hands, so that a peer of which no address is known is enough. receive then has the kernel
 * drop what is sealed (a filter on the socket, before anything is copied); send sends UDP datagrams of LEN bytes to port 7000, sealed and
 * as super-frames, as fast as it can, and prints how many. */
#include <arpa/inet.h>
#include <linux/filter.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/ip.h"
#include "base/unzeroed.h"
#include "crypto/key.h"
#include "crypto/random.h"
#include "crypto/x25519.h"
#include "wg/wg.h"

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#define UDP_GRO 104
#endif

enum {
	INNER_PORT = 7000,
	HEADERS = IP4_LEN + UDP_LEN,
	MTU = 1420,
	SEGMENTS_MAX = 64,
	SUPER_MAX = 61600, /* bytes in a super-frame */
	PATIENCE_S = 1,
	DATA = 4,          /* type of a message that is sealed */
	OVERHEAD = 32,     /* header and tag */
};

static int fd;
static struct wg_device *device;
static uint8_t room[SEGMENTS_MAX][2048];

static void on_send(void *arg, const struct inet_flow *to, uint8_t ds, const uint8_t *bytes, size_t len)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(to->remote.port) };

	(void)arg;
	(void)ds;
	memcpy(&address.sin_addr, to->remote.addr.bytes, sizeof(address.sin_addr));
	(void)sendto(fd, bytes, len, 0, (const struct sockaddr *)&address, sizeof(address));
}

static int on_random(void *arg, void *dst, size_t len)
{
	(void)arg;
	return random_bytes(dst, len);
}

static struct wg_wall on_wall(void *arg)
{
	struct timespec ts;

	(void)arg;
	clock_gettime(CLOCK_REALTIME, &ts);
	return (struct wg_wall){ ts.tv_sec, (uint32_t)ts.tv_nsec };
}

static int fail(const char *what)
{
	perror(what);
	return 1;
}

/* The same in every run: it is worth nothing. */
static void make_key(uint8_t private_key[static KEY_LEN])
{
	memset(private_key, 0x42, KEY_LEN);
	x25519_clamp(private_key);
}

static int begin(const char *peer_key, const struct inet_endpoint *endpoint)
{
	const struct wg_host host = { .send = on_send, .random = on_random, .wall = on_wall };
	const struct wg_limits limits = { .peers = 1, .handshake_budget_ms = 1000 };
	const struct inet_prefix allowed = { { AF_INET, { 10, 8, 3, 1 } }, 32 };
	uint8_t private_key[KEY_LEN], public_key[KEY_LEN];
	struct wg_peer_change peer = { .public_key = public_key, .endpoint = endpoint, .allowed = &allowed, .allowed_count = 1 };
	size_t len = wg_arena_len(&limits);
	void *arena = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint64_t now_ns = clock_now_ns();

	if (key_from_base64(peer_key, strlen(peer_key), public_key) < 0) {
		(void)fprintf(stderr, "%s is no key\n", peer_key);
		return 2;
	}
	if (arena == MAP_FAILED || wg_init(&device, arena, len, &limits, &host) < 0)
		return fail("the core");
	make_key(private_key);
	wg_set_private_key(device, private_key, now_ns);
	wg_set_mtu(device, MTU);
	wg_set_up(device, true, now_ns);
	return wg_set_peer(device, &peer, now_ns) < 0 ? fail("the peer") : 0;
}

static void make_packet(uint8_t *ip, size_t len)
{
	uint8_t *udp = ip + IP4_LEN;

	memset(ip, 0, HEADERS + len);
	ip[0] = IP4_PLAIN;
	store_be16(ip + IP4_TOTAL_AT, (uint16_t)(HEADERS + len));
	ip[IP4_TTL_AT] = 64;
	ip[IP4_PROTOCOL_AT] = IPPROTO_UDP;
	memcpy(ip + IP4_SOURCE_AT, (const uint8_t[]){ 10, 8, 3, 2, 10, 8, 3, 1 }, 8);
	ip4_sum_put(ip, IP4_LEN);
	store_be16(udp, INNER_PORT);
	store_be16(udp + 2, INNER_PORT);
	store_be16(udp + UDP_LEN_AT, (uint16_t)(UDP_LEN + len));
	sum_put_udp(udp + UDP_SUM_AT, sum_bytes(ip_pseudo_sum(ip, IPPROTO_UDP, UDP_LEN + len), udp, UDP_LEN + len));
}

/* A packet that waits for the session goes out with it, and so the other side may use it too. */
static int shake_hands(char *to, const char *peer_key)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	struct inet_flow flow = { .remote.addr.family = AF_INET };
	char *colon = strchr(to, ':');
	uint8_t bytes[512];
	struct wg_view view;
	ssize_t len;
	int err;

	if (!colon)
		return fail(to);
	*colon = '\0';
	flow.remote.port = (uint16_t)strtoul(colon + 1, NULL, 10);
	address.sin_port = htons(flow.remote.port);
	if (inet_pton(AF_INET, to, &address.sin_addr) != 1 || connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		return fail(to);
	memcpy(flow.remote.addr.bytes, &address.sin_addr, sizeof(address.sin_addr));
	err = begin(peer_key, &flow.remote);
	if (err)
		return err;
	make_packet(room[0] + WG_HEADROOM, 16);
	(void)wg_output(device, room[0] + WG_HEADROOM, HEADERS + 16, clock_now_ns(), &view);
	len = recv(fd, bytes, sizeof(bytes), 0);
	if (len > 0 && wg_input(device, &flow, 0, bytes, (size_t)len, clock_now_ns(), &view) == WG_HANDSHAKE)
		return 0;
	(void)fprintf(stderr, "no answer to a handshake\n");
	return 1;
}

static int receive(char *to, uint64_t seconds, const char *peer_key)
{
	/* What the filter sees begins with the UDP header. */
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, UDP_LEN),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, DATA, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 0),
		BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
	};
	const struct sock_fprog program = { sizeof(code) / sizeof(code[0]), code };
	int one = 1, err = shake_hands(to, peer_key);

	if (err)
		return err;
	if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) < 0 ||
	    setsockopt(fd, IPPROTO_UDP, UDP_GRO, &one, sizeof(one)) < 0)
		return fail("socket");
	puts("ready");
	(void)fflush(stdout);
	sleep((unsigned)seconds);
	return 0;
}

/* One super-frame. 0 or how many packets there were. */
static size_t send_super(const uint8_t *packet, size_t len, size_t count, uint64_t now_ns)
{
	UNZEROED struct wg_packet packets[SEGMENTS_MAX];
	struct iovec iov[SEGMENTS_MAX];
	struct msghdr message = { .msg_iov = iov };

	for (size_t i = 0; i < count; i++) {
		packets[i].bytes = memcpy(room[i] + WG_HEADROOM, packet, len);
		packets[i].len = len;
	}
	wg_output_many(device, packets, count, now_ns);
	for (size_t i = 0; i < count; i++) {
		if (packets[i].verdict != WG_SEALED)
			return 0;
		iov[i] = (struct iovec){ packets[i].view.bytes, packets[i].view.len };
	}
	message.msg_iovlen = (int)count;
	return sendmsg(fd, &message, 0) > 0 ? count : 0;
}

static int send_all(char *to, uint64_t seconds, size_t len, const char *peer_key)
{
	static uint8_t packet[MTU];
	size_t total = HEADERS + len, padded = (total + 15) / 16 * 16, count;
	int segment = (int)(OVERHEAD + (padded < MTU ? padded : MTU)), err = shake_hands(to, peer_key);
	unsigned long sent = 0;
	uint64_t now_ns = clock_now_ns(), end_ns;

	if (err)
		return err;
	make_packet(packet, len);
	if (setsockopt(fd, IPPROTO_UDP, UDP_SEGMENT, &segment, sizeof(segment)) < 0)
		return fail("UDP_SEGMENT");
	count = (size_t)SUPER_MAX / (size_t)segment;
	count = count < SEGMENTS_MAX ? count : SEGMENTS_MAX;
	for (end_ns = now_ns + seconds * NS_PER_S; now_ns < end_ns; now_ns = clock_now_ns())
		sent += send_super(packet, total, count, now_ns);
	printf("%lu\n", sent);
	return 0;
}

int main(int argc, char **argv)
{
	const struct timeval patience = { .tv_sec = PATIENCE_S };
	uint8_t private_key[KEY_LEN], public_key[KEY_LEN];
	char text[KEY_BASE64_LEN];
	size_t len;

	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) < 0)
		return fail("socket");
	if (argc == 2 && !strcmp(argv[1], "key")) {
		make_key(private_key);
		x25519_public(public_key, private_key);
		key_to_base64(public_key, text);
		puts(text);
		return 0;
	}
	if (argc == 5 && !strcmp(argv[1], "receive"))
		return receive(argv[2], strtoul(argv[3], NULL, 10), argv[4]);
	if (argc == 6 && !strcmp(argv[1], "send") && (len = strtoul(argv[4], NULL, 10)) <= MTU - HEADERS)
		return send_all(argv[2], strtoul(argv[3], NULL, 10), len, argv[5]);
	(void)fprintf(stderr, "usage: opposite key | receive ADDRESS:PORT SECONDS KEY | send ADDRESS:PORT SECONDS LEN KEY\n");
	return 2;
}

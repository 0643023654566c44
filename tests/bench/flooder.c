/* flooder KEY NIC MAC ADDRESS:PORT PER_SECOND SECONDS [SOURCE]
 *
 * Initiations with a right mac1 to whoever has KEY, from the one address SOURCE (IPv4) or from forged ones, each from another: as
 * frames out of NIC to MAC, so many a second (0: as fast as they go). Inside they are noise, which only X25519 tells. Prints how
 * many were sent. */
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/ip.h"
#include "crypto/random.h"
#include "wg/cookie.h"

enum {
	FRAMES = 4096,
	BATCH = 64,
	IP_AT = ETH_HLEN,
	UDP_AT = IP_AT + IP4_LEN,
	MESSAGE_AT = UDP_AT + UDP_LEN,
	FRAME_LEN = MESSAGE_AT + sizeof(struct message_initiation),
	FORGED = 0x0a800000, /* 10.128.0.0 on */
};

static uint8_t frames[FRAMES][FRAME_LEN];
static struct mmsghdr messages[FRAMES];
static struct iovec parts[FRAMES];

static void build(uint8_t *frame, const uint8_t *key, const uint8_t *from_mac, const uint8_t *to_mac, uint32_t from,
		  const struct sockaddr_in *to)
{
	uint8_t *ip = frame + IP_AT, *udp = frame + UDP_AT, *m = frame + MESSAGE_AT;
	struct cookie_jar jar = { 0 };

	memcpy(frame, to_mac, ETH_ALEN);
	memcpy(frame + ETH_ALEN, from_mac, ETH_ALEN);
	store_be16(frame + 2 * ETH_ALEN, ETH_P_IP);
	ip[0] = IP4_PLAIN;
	store_be16(ip + IP4_TOTAL_AT, FRAME_LEN - IP_AT);
	ip[IP4_TTL_AT] = 64;
	ip[IP4_PROTOCOL_AT] = IPPROTO_UDP;
	store_be32(ip + IP4_SOURCE_AT, from);
	memcpy(ip + IP4_DESTINATION_AT, &to->sin_addr, 4);
	ip4_sum_put(ip, IP4_LEN);
	if (random_bytes(m, sizeof(struct message_initiation)) < 0)
		abort();
	memcpy(udp, m + 8, 2); /* any port */
	memcpy(udp + 2, &to->sin_port, 2);
	store_be16(udp + UDP_LEN_AT, FRAME_LEN - UDP_AT); /* without a checksum, which IPv4 allows */
	memcpy(m, (const uint8_t[4]){ MESSAGE_INITIATION }, 4);
	cookie_jar_set_key(&jar, key);
	cookie_write_macs(&jar, m, sizeof(struct message_initiation), 0);
}

static int packet_socket(const char *nic, uint8_t *mac)
{
	struct sockaddr_ll here = { .sll_family = AF_PACKET, .sll_ifindex = (int)if_nametoindex(nic) };
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0), one = 1;
	struct ifreq wish = { 0 };

	(void)snprintf(wish.ifr_name, sizeof(wish.ifr_name), "%s", nic);
	if (fd < 0 || bind(fd, (const struct sockaddr *)&here, sizeof(here)) < 0 || ioctl(fd, SIOCGIFHWADDR, &wish) < 0) {
		perror(nic);
		exit(1);
	}
	(void)setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &one, sizeof(one));
	memcpy(mac, wish.ifr_hwaddr.sa_data, ETH_ALEN);
	return fd;
}

static unsigned long flood(int fd, uint64_t per_s, uint64_t seconds)
{
	uint64_t start_ns = clock_now_ns(), now_ns;
	unsigned long sent = 0;

	while ((now_ns = clock_now_ns()) < start_ns + seconds * NS_PER_S) {
		uint64_t due = per_s ? (now_ns - start_ns) / 1000 * per_s / 1000000 - sent : BATCH;
		int n = 0;

		if (due)
			n = sendmmsg(fd, &messages[sent % FRAMES], due < BATCH - sent % BATCH ? (unsigned)due : (unsigned)(BATCH - sent % BATCH), 0);
		if (n > 0)
			sent += (unsigned)n;
		if (per_s && n < BATCH)
			nanosleep(&(const struct timespec){ .tv_nsec = 500000 }, NULL);
	}
	return sent;
}

int main(int argc, char **argv)
{
	uint8_t key[KEY_LEN], from_mac[ETH_ALEN], to_mac[ETH_ALEN];
	struct sockaddr_in to = { .sin_family = AF_INET };
	struct in_addr source;
	char *colon = argc > 4 ? strchr(argv[4], ':') : NULL;
	int fd;

	if ((argc != 7 && argc != 8) || !colon || key_from_base64(argv[1], strlen(argv[1]), key) < 0 ||
	    sscanf(argv[3], "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", &to_mac[0], &to_mac[1], &to_mac[2], &to_mac[3], &to_mac[4], &to_mac[5]) != 6) {
		(void)fprintf(stderr, "usage: flooder KEY NIC MAC ADDRESS:PORT PER_SECOND SECONDS [SOURCE]\n");
		return 2;
	}
	*colon = '\0';
	to.sin_port = htons((uint16_t)strtoul(colon + 1, NULL, 10));
	if (inet_pton(AF_INET, argv[4], &to.sin_addr) != 1 || (argc == 8 && inet_pton(AF_INET, argv[7], &source) != 1))
		return 2;
	fd = packet_socket(argv[2], from_mac);
	for (uint32_t i = 0; i < FRAMES; i++) {
		build(frames[i], key, from_mac, to_mac, argc == 8 ? ntohl(source.s_addr) : FORGED + i * 997, &to);
		parts[i] = (struct iovec){ frames[i], FRAME_LEN };
		messages[i].msg_hdr = (struct msghdr){ .msg_iov = &parts[i], .msg_iovlen = 1 };
	}
	printf("%lu\n", flood(fd, strtoul(argv[5], NULL, 10), strtoul(argv[6], NULL, 10)));
	return 0;
}

/* What a hostile peer sends inside its session, and what a program of the host sends to no one: through the core's view of an
 * inner packet, ECN, the TUN's putting together, and the answers of unreachable. The TUN is a socket that keeps the bounds
 * of each write, and what comes out is held against what went in: no byte of payload more or less, headers that a kernel
 * takes. The input is a list of packets. */
#include <linux/virtio_net.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/ecn.h"
#include "base/sum.h"
#include "engine/tun.h"
#include "engine/unreachable.h"

enum { HEAD_LEN = 8, PACKETS_MAX = 200, PACKET_MAX = 2000, IP4 = 20, IP6 = 40, TCP = 20, UDP = 8 };

/* How a packet is made of the input. */
enum { DRESS_LENGTH = 1, DRESS_SUMS = 2, DRESS_FOLLOWS = 4, TO_NO_ONE = 8, FLUSH = 16, DRESS_V6 = 32, DRESS_UDP = 64 };

static struct tun tun;
static int reader;
static uint64_t put, got; /* packets */
static uint32_t next_seq;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* As the kernel's tun_get_user and virtio_net_hdr_to_skb look at it. */
static void look_at_write(const uint8_t *bytes, size_t len)
{
	struct virtio_net_hdr vnet;
	const uint8_t *packet = bytes + sizeof(vnet);
	size_t payload;

	if (len < sizeof(vnet))
		abort();
	memcpy(&vnet, bytes, sizeof(vnet));
	len -= sizeof(vnet);
	if (vnet.gso_type == VIRTIO_NET_HDR_GSO_NONE) {
		if (vnet.flags || vnet.gso_size)
			abort();
		got++;
		return;
	}
	if (!(vnet.flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) || !vnet.gso_size || vnet.hdr_len >= len || len > 65535 ||
	    (size_t)vnet.csum_start + vnet.csum_offset + 2 > vnet.hdr_len)
		abort();
	if (packet[0] >> 4 == 4 ? load_be16(packet + 2) != len || !sum_is_right(sum_bytes(0, packet, IP4)) :
				  load_be16(packet + 4) + (size_t)IP6 != len)
		abort();
	payload = len - vnet.hdr_len;
	got += (payload + vnet.gso_size - 1) / vnet.gso_size;
}

static void flush(void)
{
	static uint8_t bytes[sizeof(struct virtio_net_hdr) + 65536];
	ssize_t n;

	tun_flush(&tun);
	while ((n = recv(reader, bytes, sizeof(bytes), MSG_DONTWAIT)) > 0)
		look_at_write(bytes, (size_t)n);
	if (put != got + tun.stats.write_dropped)
		abort();
	put = got = tun.stats.write_dropped = 0;
}

static void set_up(void)
{
	int ends[2], size = 1 << 22;

	if (tun.vnet)
		return;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, ends) < 0)
		abort();
	setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	tun.fd = ends[0];
	reader = ends[1];
	tun.vnet = tun.tso = tun.uso = true;
}

/* Lengths and checksums as they should be, so that it is put together with others. */
static void dress(uint8_t *packet, size_t len, uint8_t how)
{
	bool v6 = how & DRESS_V6, udp = how & DRESS_UDP;
	size_t l4_at = v6 ? IP6 : IP4, l4_len;
	uint8_t *l4 = packet + l4_at;
	uint64_t sum;

	if (len < l4_at + (udp ? UDP : TCP))
		return;
	l4_len = len - l4_at;
	packet[0] = v6 ? 0x60 : 0x45;
	packet[v6 ? 6 : 9] = udp ? IPPROTO_UDP : IPPROTO_TCP;
	store_be16(packet + (v6 ? 4 : 2), (uint16_t)(v6 ? l4_len : len));
	if (!v6)
		memset(packet + 6, 0, 2);
	if (udp) {
		store_be16(l4 + 4, (uint16_t)l4_len);
	} else {
		if (l4[12] >> 4 < 5)
			l4[12] = 0x50;
		l4[13] = 0x10;
	}
	if (!udp && how & DRESS_FOLLOWS) {
		store_be16(l4 + 4, (uint16_t)(next_seq >> 16));
		store_be16(l4 + 6, (uint16_t)next_seq);
		next_seq += (uint32_t)(l4_len - (size_t)(l4[12] >> 4) * 4);
	}
	if (!(how & DRESS_SUMS))
		return;
	if (!v6) {
		memset(packet + 10, 0, 2);
		sum_put(packet + 10, sum_bytes(0, packet, IP4));
	}
	memset(l4 + (udp ? 6 : 16), 0, 2);
	sum = sum_bytes(0, packet + (v6 ? 8 : 12), v6 ? 32 : 8);
	sum = sum_be16(sum_be16(sum, udp ? IPPROTO_UDP : IPPROTO_TCP), (uint32_t)l4_len);
	sum_put(l4 + (udp ? 6 : 16), sum_bytes(sum, l4, l4_len));
}

/* As the core hands an inner packet on: a whole IP header, and no more bytes than it says. */
static bool is_inner(const uint8_t *packet, size_t len)
{
	return packet[0] >> 4 == 4 ? len >= IP4 && load_be16(packet + 2) == len :
				     packet[0] >> 4 == 6 && len >= IP6 && load_be16(packet + 4) + (size_t)IP6 == len;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static uint8_t *packets[PACKETS_MAX];
	static uint64_t now_ns;
	size_t count = 0;

	set_up();
	next_seq = 0;
	while (len > HEAD_LEN && count < PACKETS_MAX) {
		uint8_t how = data[0];
		size_t packet_len = 1 + load_le16(data + 1) % PACKET_MAX, given = len - HEAD_LEN;
		uint8_t *packet = calloc(1, packet_len); /* no longer, so that a sanitizer sees what goes beyond */

		if (!packet)
			abort();
		given = given < packet_len ? given : packet_len;
		given = given < data[3] ? given : data[3];
		memcpy(packet, data + HEAD_LEN, given);
		if (how & DRESS_LENGTH)
			dress(packet, packet_len, how);
		if (how & TO_NO_ONE) {
			uint64_t before = tun.stats.write_packets;

			unreachable_answer(&tun, packet, packet_len, now_ns += NS_PER_S);
			put += tun.stats.write_packets - before;
		} else if (is_inner(packet, packet_len)) {
			ecn_decapsulate(packet, data[4]);
			tun_write(&tun, packet, packet_len);
			put++;
		}
		packets[count++] = packet;
		if (how & FLUSH)
			flush();
		data += HEAD_LEN + given;
		len -= HEAD_LEN + given;
	}
	flush();
	while (count)
		free(packets[--count]);
	return 0;
}

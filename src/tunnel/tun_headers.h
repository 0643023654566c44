/* What tun_read.c and tun_write.c know of IP, TCP and UDP headers (RFC 791, 8200, 9293, 768) and of the vnet header. */
#ifndef TUNNEL_TUN_HEADERS_H
#define TUNNEL_TUN_HEADERS_H

#include <linux/virtio_net.h>
#include <netinet/in.h>
#include <stdint.h>

#include "base/sum.h"

#ifndef VIRTIO_NET_HDR_GSO_UDP_L4
#define VIRTIO_NET_HDR_GSO_UDP_L4 5
#endif

enum {
	IP4_LEN = 20,
	IP6_LEN = 40,
	TCP_LEN = 20,
	UDP_LEN = 8,
	TCP_SEQ_AT = 4,
	TCP_DATA_AT = 12,
	TCP_FLAGS_AT = 13,
	TCP_CHECKSUM_AT = 16,
	UDP_LEN_AT = 4,
	UDP_CHECKSUM_AT = 6,
	TCP_FIN = 0x01,
	TCP_PSH = 0x08,
	TCP_ACK = 0x10,
	TCP_CWR = 0x80,
};

/* Of the pseudo header, all but the length. */
static inline uint64_t addresses_sum(const uint8_t *ip, uint8_t protocol)
{
	uint64_t sum = ip[0] >> 4 == 4 ? sum_bytes(0, ip + 12, 8) : sum_bytes(0, ip + 8, 32);

	return sum_be16(sum, protocol);
}

#endif

/* What tun_read.c and tun_write.c know of TCP headers (RFC 9293) and of the vnet header, beside base/ip.h. */
#ifndef ENGINE_TUN_HEADERS_H
#define ENGINE_TUN_HEADERS_H

#include <linux/virtio_net.h>
#include <netinet/in.h>
#include <stdint.h>

#include "base/ip.h"

#ifndef VIRTIO_NET_HDR_GSO_UDP_L4
#define VIRTIO_NET_HDR_GSO_UDP_L4 5
#endif

enum {
	TCP_LEN = 20,
	TCP_SEQ_AT = 4,
	TCP_DATA_AT = 12,
	TCP_FLAGS_AT = 13,
	TCP_CHECKSUM_AT = 16,
	TCP_FIN = 0x01,
	TCP_PSH = 0x08,
	TCP_ACK = 0x10,
	TCP_CWR = 0x80,
};

#endif

/* Where things are in the headers of IP, UDP and ICMP (RFC 791, 8200, 768, 792, 4443), and the sum of the pseudo header. */
#ifndef BASE_IP_H
#define BASE_IP_H

#include <stddef.h>
#include <stdint.h>

#include "base/sum.h"

enum {
	IP4_LEN = 20, /* without options */
	IP4_TOTAL_AT = 2,
	IP4_ID_AT = 4,
	IP4_FRAGMENT_AT = 6,
	IP4_TTL_AT = 8,
	IP4_PROTOCOL_AT = 9,
	IP4_SUM_AT = 10,
	IP4_SOURCE_AT = 12,
	IP4_DESTINATION_AT = 16,
	IP4_ADDRESSES_LEN = 8, /* both */
	IP4_MORE_OR_OFFSET = 0x3fff, /* of the 16 bits at IP4_FRAGMENT_AT: a part of a datagram */
	IP4_PLAIN = 0x45,            /* the first byte of a header without options */

	IP6_LEN = 40,
	IP6_PAYLOAD_AT = 4,
	IP6_NEXT_AT = 6,
	IP6_HOPS_AT = 7,
	IP6_SOURCE_AT = 8,
	IP6_DESTINATION_AT = 24,
	IP6_ADDRESSES_LEN = 32,
	IP6_FRAGMENT_LEN = 8,

	UDP_LEN = 8,
	UDP_LEN_AT = 4,
	UDP_SUM_AT = 6,

	ICMP_LEN = 8,
	ICMP_SUM_AT = 2,
};

static inline uint8_t ip_version(const uint8_t *ip)
{
	return ip[0] >> 4;
}

static inline size_t ip4_header_len(const uint8_t *ip)
{
	return (size_t)(ip[0] & 15) * 4;
}

/* Of the pseudo header, all but the length. */
static inline uint64_t ip_addresses_sum(const uint8_t *ip, uint8_t protocol)
{
	uint64_t sum = ip_version(ip) == 4 ? sum_bytes(0, ip + IP4_SOURCE_AT, IP4_ADDRESSES_LEN) :
					     sum_bytes(0, ip + IP6_SOURCE_AT, IP6_ADDRESSES_LEN);

	return sum_be16(sum, protocol);
}

/* len: of the datagram or message with its header. */
static inline uint64_t ip_pseudo_sum(const uint8_t *ip, uint8_t protocol, size_t len)
{
	return sum_be16(ip_addresses_sum(ip, protocol), (uint32_t)len);
}

/* The checksum of an IPv4 header, of header_len bytes. */
static inline void ip4_sum_put(uint8_t *ip, size_t header_len)
{
	ip[IP4_SUM_AT] = ip[IP4_SUM_AT + 1] = 0;
	sum_put(ip + IP4_SUM_AT, sum_bytes(0, ip, header_len));
}

#endif

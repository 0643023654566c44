/* What inner and outer header say to each other of congestion (RFC 3168, RFC 6040 4), as the kernel's tunnels do. */
#ifndef BASE_ECN_H
#define BASE_ECN_H

#include <stdint.h>
#include <string.h>

#include "base/ip.h"

enum { ECN_MASK = 3, ECN_NOT_ECT = 0, ECN_ECT1 = 1, ECN_ECT0 = 2, ECN_CE = 3 };

/* The DS field of an IPv4 or IPv6 header (RFC 2474): DSCP and, its lowest two bits, ECN. */
static inline uint8_t ds_field(const uint8_t *ip)
{
	return (uint8_t)(ip_version(ip) == 4 ? ip[1] : ip[0] << 4 | ip[1] >> 4);
}

/* For the outer header of packet. What the inner one has met so far is no news to the outer way. */
static inline uint8_t ecn_encapsulate(const uint8_t *packet)
{
	uint8_t ecn = ds_field(packet) & ECN_MASK;

	return ecn == ECN_CE ? ECN_ECT0 : ecn;
}

static inline void ecn_set(uint8_t *packet, uint8_t ecn)
{
	uint16_t before, after, checksum;

	if (ip_version(packet) == 6) {
		packet[1] = (uint8_t)((packet[1] & ~(ECN_MASK << 4)) | ecn << 4);
		return;
	}
	memcpy(&before, packet, sizeof(before));
	packet[1] = (uint8_t)((packet[1] & ~ECN_MASK) | ecn);
	memcpy(&after, packet, sizeof(after));
	memcpy(&checksum, packet + IP4_SUM_AT, sizeof(checksum));
	sum_put(packet + IP4_SUM_AT, (uint64_t)(uint16_t)~checksum + (uint16_t)~before + after); /* RFC 1624 3 */
}

/* packet (a whole IP header at least) came under an outer header with this DS field. */
static inline void ecn_decapsulate(uint8_t *packet, uint8_t outer_ds)
{
	uint8_t outer = outer_ds & ECN_MASK, inner = ds_field(packet) & ECN_MASK;

	if (inner != ECN_NOT_ECT && (outer == ECN_CE || (outer == ECN_ECT1 && inner == ECN_ECT0)))
		ecn_set(packet, outer);
}

#endif

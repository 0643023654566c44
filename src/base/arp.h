/* ARP for IPv4 on Ethernet (RFC 826): where things are in a packet. */
#ifndef BASE_ARP_H
#define BASE_ARP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/bytes.h"

enum {
	ARP_LEN = 28,
	ARP_HEAD_LEN = 6, /* kinds and lengths of addresses */
	ARP_OPERATION_AT = ARP_HEAD_LEN,
	ARP_SENDER_MAC_AT = 8,
	ARP_SENDER_AT = 14,
	ARP_TARGET_MAC_AT = 18,
	ARP_TARGET_AT = 24,
	ARP_REQUEST = 1,
	ARP_REPLY = 2,
};

static const uint8_t arp_head[ARP_HEAD_LEN] = { 0, 1, 8, 0, 6, 4 }; /* Ethernet, IPv4 */

/* Zeros, but for head and operation. */
static inline void arp_begin(uint8_t arp[static ARP_LEN], uint16_t operation)
{
	memset(arp, 0, ARP_LEN);
	memcpy(arp, arp_head, sizeof(arp_head));
	store_be16(arp + ARP_OPERATION_AT, operation);
}

/* ARP_REQUEST or ARP_REPLY; 0: it is neither. */
static inline uint16_t arp_operation(const uint8_t *arp, size_t len)
{
	uint16_t operation;

	if (len < ARP_LEN || memcmp(arp, arp_head, sizeof(arp_head)) != 0)
		return 0;
	operation = load_be16(arp + ARP_OPERATION_AT);
	return operation == ARP_REQUEST || operation == ARP_REPLY ? operation : 0;
}

#endif

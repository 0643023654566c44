/* CRC-32 (ISO 3309, as in Ethernet, GPT and zip): for what is broken by chance. */
#ifndef BASE_CRC32_H
#define BASE_CRC32_H

#include <stddef.h>
#include <stdint.h>

static inline uint32_t crc32_begin(void)
{
	return UINT32_MAX;
}

static inline uint32_t crc32_add(uint32_t crc, const void *bytes, size_t len)
{
	const uint8_t *at = bytes;

	for (size_t i = 0; i < len; i++) {
		crc ^= at[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? UINT32_C(0xedb88320) : 0);
	}
	return crc;
}

static inline uint32_t crc32_end(uint32_t crc)
{
	return ~crc;
}

#endif

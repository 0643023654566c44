/* Poly1305 by itself: the carries that no key of an AEAD can be made to reach. It takes the file in whole. */
#include "poly1305_rows.h"
#include "test.h"

#define aead_avx2 aead_avx2_here
#include "crypto/aead_avx2.c" /* NOLINT(bugprone-suspicious-include) on purpose */
#undef aead_avx2

#if defined(__x86_64__)

TEST(poly1305_carries_as_its_rfc)
{
	for (size_t i = 0; cpu_has_avx2() && i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct poly1305 mac;
		uint8_t key[32], tag[AEAD_TAG_LEN];

		memcpy(key, rows[i].r, 16);
		memcpy(key + 16, rows[i].s, 16);
		mac_init(&mac, key);
		mac_update(&mac, rows[i].message, rows[i].len);
		mac_tag(&mac, tag);
		CHECK_MEM(tag, rows[i].tag, sizeof(tag));
	}
}

/* With r = 1 the tag is the sum of the blocks modulo the prime: here around one and two times that. */
TEST(poly1305_reduces_around_the_prime)
{
	for (unsigned low = 0; cpu_has_avx2() && low < 256; low++) {
		struct poly1305 mac;
		uint8_t key[32] = { 1 }, message[48], tag[AEAD_TAG_LEN], expected[AEAD_TAG_LEN] = { 0 };

		memset(message, 0xff, sizeof(message));
		memset(message + 32, 0, 16);
		message[32] = (uint8_t)low;
		mac_init(&mac, key);
		mac_update(&mac, message, sizeof(message));
		mac_tag(&mac, tag);
		/* 2 (2^129 - 1) + 2^128 + low = 2^130 - 5 + 2^128 + low + 3: the low 128 bits are low + 3 */
		expected[0] = (uint8_t)(low + 3);
		expected[1] = (uint8_t)((low + 3) >> 8);
		CHECK_MEM(tag, expected, sizeof(tag));

		/* (2^129 - 1) + (2^129 - 256 + low) = prime + low - 252 */
		message[16] = (uint8_t)low;
		mac_init(&mac, key);
		mac_update(&mac, message, 32);
		mac_tag(&mac, tag);
		memset(expected, 0, sizeof(expected));
		if (low >= 252) {
			expected[0] = (uint8_t)(low - 252);
		} else {
			/* low 128 bits of 2^130 - 5 + low - 252 */
			memset(expected, 0xff, sizeof(expected));
			expected[0] = (uint8_t)(low - 1);
			expected[1] = low == 0 ? 0xfe : 0xff;
		}
		CHECK_MEM(tag, expected, sizeof(tag));
	}
}

#endif

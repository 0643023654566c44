/* Poly1305 on the integer units, which have nothing else to do beside a vectored ChaCha20. */
#ifndef CRYPTO_POLY1305_BMI2_H
#define CRYPTO_POLY1305_BMI2_H

#include <string.h>

#include "crypto/aead_len.h"
#include "crypto/avx2.h"

enum { MAC_BLOCK_LEN = 16 };

typedef unsigned long long word; /* as the carry intrinsics have it */
__extension__ typedef unsigned __int128 uint128;

/* Radix 2^64: h below 5 * 2^128, so h[2] is a few bits. 17 cycles a block with gcc 12, against 31 and 22 for radix 2^44
 * with two and four blocks at a time, which also want powers of r set up. */
struct poly1305 {
	word h[3];
	word r[2], r1_5_4; /* r[1] is a multiple of 4; 2^130 is 5 modulo the prime */
	word pad[2];
};

/* x86 reads words little-endian, aligned or not. */
INLINE word load64(const uint8_t *p)
{
	word v;

	memcpy(&v, p, sizeof(v));
	return v;
}

/* h = (h + m) * r. The intrinsics keep gcc at one carry chain each, which halves the time against uint128 sums. */
INLINE void mac_block(struct poly1305 *mac, const uint8_t m[static MAC_BLOCK_LEN])
{
	word h0 = 0, h1 = 0, h2, mid = 0, top = 0; /* gcc -fanalyzer does not know who sets them */
	unsigned char carry;

	carry = _addcarry_u64(0, mac->h[0], load64(m), &h0);
	carry = _addcarry_u64(carry, mac->h[1], load64(m + 8), &h1);
	h2 = mac->h[2] + carry + 1; /* the 1 above a whole block */

	word h2_r0 = h2 * mac->r[0], h2_r1 = h2 * mac->r1_5_4;
	uint128 d0 = (uint128)h1 * mac->r1_5_4 + (uint128)h0 * mac->r[0];
	uint128 d1 = (uint128)h0 * mac->r[1] + h2_r1 + (uint128)h1 * mac->r[0];

	/* r is below 2^60 and h2 at most 5: top is below 2^63, five quarters of it below 2^64 */
	carry = _addcarry_u64(0, (word)d1, (word)(d0 >> 64), &mid);
	(void)_addcarry_u64(carry, h2_r0, (word)(d1 >> 64), &top);

	carry = _addcarry_u64(0, (word)d0, (top >> 2) + (top & ~(word)3), &h0);
	carry = _addcarry_u64(carry, mid, 0, &h1);
	mac->h[0] = h0;
	mac->h[1] = h1;
	mac->h[2] = (top & 3) + carry;
}

AVX2 static void mac_init(struct poly1305 *mac, const uint8_t key[static 32])
{
	/* RFC 8439 2.5: r is clamped */
	mac->r[0] = load64(key) & 0x0ffffffc0fffffff;
	mac->r[1] = load64(key + 8) & 0x0ffffffc0ffffffc;
	mac->r1_5_4 = mac->r[1] + (mac->r[1] >> 2);
	mac->h[0] = mac->h[1] = mac->h[2] = 0;
	mac->pad[0] = load64(key + 16);
	mac->pad[1] = load64(key + 24);
}

/* A last part of a block is filled up with zeros, as the AEAD does. */
AVX2 static void mac_update(struct poly1305 *kept, const uint8_t *m, size_t len)
{
	struct poly1305 mac = *kept;

	for (; len >= MAC_BLOCK_LEN; m += MAC_BLOCK_LEN, len -= MAC_BLOCK_LEN)
		mac_block(&mac, m);
	if (len) {
		uint8_t block[MAC_BLOCK_LEN] = { 0 };

		for (size_t i = 0; i < len; i++)
			block[i] = m[i];
		mac_block(&mac, block);
	}
	*kept = mac;
}

AVX2 static void mac_tag(const struct poly1305 *mac, uint8_t tag[static AEAD_TAG_LEN])
{
	word g[3] = { 0 }, sum[2] = { 0 };
	unsigned char carry;

	/* g = h + 5; h is not below the prime when that reaches 2^130, and g without its top is h - prime */
	carry = _addcarry_u64(0, mac->h[0], 5, &g[0]);
	carry = _addcarry_u64(carry, mac->h[1], 0, &g[1]);
	g[2] = mac->h[2] + carry;

	word take_g = 0 - (word)(g[2] >> 2 != 0);

	g[0] = (mac->h[0] & ~take_g) | (g[0] & take_g);
	g[1] = (mac->h[1] & ~take_g) | (g[1] & take_g);
	carry = _addcarry_u64(0, g[0], mac->pad[0], &sum[0]);
	(void)_addcarry_u64(carry, g[1], mac->pad[1], &sum[1]);
	memcpy(tag, sum, AEAD_TAG_LEN);
}

AVX2 static void mac_final(struct poly1305 *mac, size_t ad_len, size_t len, uint8_t tag[static AEAD_TAG_LEN])
{
	const uint64_t lengths[2] = { ad_len, len };
	uint8_t block[MAC_BLOCK_LEN];

	memcpy(block, lengths, sizeof(block));
	mac_block(mac, block);
	mac_tag(mac, tag);
}

#endif

/* Poly1305 on AVX-512 by itself: the carries that no key of an AEAD can be made to reach. */
#include <string.h>

#include "crypto/aead_impl.h"
#include "poly1305_rows.h"
#include "test.h"

#if defined(__x86_64__)

#include "crypto/poly1305_avx512.h"

#define NOT_HERE "this machine has no AVX-512 with IFMA and VBMI2: that path was not run"

static uint64_t word(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

AVX512_INLINE __m512i in_lane(unsigned lane, uint64_t v)
{
	return _mm512_maskz_set1_epi64((__mmask8)(1U << lane), (int64_t)v);
}

/* In one lane, with others busy; whole blocks. */
AVX512 static void mac(unsigned lane, const uint8_t *r, const uint8_t *s, const uint8_t *message, size_t len, uint8_t tag[static 16])
{
	const __m512i busy = _mm512_maskz_set1_epi64((__mmask8)~(1U << lane), -1);
	const struct poly_factor f = poly_factor_of(poly_clamp(_mm512_or_si512(busy, in_lane(lane, word(r))),
							       _mm512_or_si512(busy, in_lane(lane, word(r + 8)))));
	struct poly_limbs h = { _mm512_setzero_si512(), _mm512_setzero_si512(), _mm512_setzero_si512() };
	uint64_t tags[2][POLY_LANES];

	for (; len; len -= POLY_BLOCK_LEN, message += POLY_BLOCK_LEN)
		h = poly_step(h, _mm512_or_si512(busy, in_lane(lane, word(message))),
			      _mm512_or_si512(busy, in_lane(lane, word(message + 8))), 0xff, f);
	poly_tags(tags, h, _mm512_or_si512(busy, in_lane(lane, word(s))), _mm512_or_si512(busy, in_lane(lane, word(s + 8))));
	memcpy(tag, &tags[0][lane], 8);
	memcpy(tag + 8, &tags[1][lane], 8);
}

TEST(poly1305_avx512_carries_as_its_rfc_in_each_lane)
{
	uint8_t tag[16];

	if (!aead_avx512())
		SKIP(NOT_HERE);
	for (unsigned lane = 0; lane < POLY_LANES; lane++)
		for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
			mac(lane, rows[i].r, rows[i].s, rows[i].message, rows[i].len, tag);
			CHECK_MEM(tag, rows[i].tag, sizeof(tag));
		}
}

/* With r = 1 the tag is the sum of the blocks modulo the prime: (2^129 - 1) + (2^129 - 256 + low) = prime + low - 252 */
TEST(poly1305_avx512_reduces_around_the_prime)
{
	static const uint8_t r[16] = { 1 }, s[16];

	if (!aead_avx512())
		SKIP(NOT_HERE);
	for (unsigned low = 0; low < 256; low++) {
		uint8_t message[32], tag[16], expected[16] = { 0 };

		memset(message, 0xff, sizeof(message));
		message[16] = (uint8_t)low;
		if (low >= 252) {
			expected[0] = (uint8_t)(low - 252);
		} else {
			memset(expected, 0xff, sizeof(expected)); /* the low 128 bits of 2^130 - 5 + low - 252 */
			expected[0] = (uint8_t)(low - 1);
			expected[1] = low == 0 ? 0xfe : 0xff;
		}
		mac(low % POLY_LANES, r, s, message, sizeof(message), tag);
		CHECK_MEM(tag, expected, sizeof(tag));
	}
}

#endif

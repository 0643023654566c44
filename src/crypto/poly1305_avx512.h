/* Poly1305 by AVX-512 IFMA, eight blocks at a time: of eight packets, or of one. */
#ifndef CRYPTO_POLY1305_AVX512_H
#define CRYPTO_POLY1305_AVX512_H

#include "crypto/avx512.h"

enum { POLY_LANES = 8, POLY_BLOCK_LEN = 16, POLY_BLOCK_BITS = 8 * POLY_BLOCK_LEN };

/* Eight numbers modulo 2^130 - 5, in 44, 44 and 42 bits; a few bits more between two steps. */
struct poly_limbs {
	__m512i l0, l1, l2;
};

/* What is multiplied by, and 20 times its upper limbs: 2^132 is 20 modulo the prime. */
struct poly_factor {
	__m512i r0, r1, r2, s1, s2;
};

AVX512_INLINE __m512i poly_low_44(__m512i x)
{
	return _mm512_and_si512(x, _mm512_set1_epi64((INT64_C(1) << 44) - 1));
}

AVX512_INLINE __m512i poly_low_42(__m512i x)
{
	return _mm512_and_si512(x, _mm512_set1_epi64((INT64_C(1) << 42) - 1));
}

AVX512_INLINE __m512i poly_times_20(__m512i x)
{
	return _mm512_add_epi64(_mm512_slli_epi64(x, 4), _mm512_slli_epi64(x, 2));
}

AVX512_INLINE struct poly_limbs poly_split(__m512i low, __m512i high)
{
	return (struct poly_limbs){ poly_low_44(low), poly_low_44(_mm512_shrdi_epi64(low, high, 44)),
				    _mm512_srli_epi64(high, 24) };
}

AVX512_INLINE struct poly_factor poly_factor_of(struct poly_limbs r)
{
	return (struct poly_factor){ r.l0, r.l1, r.l2, poly_times_20(r.l1), poly_times_20(r.l2) };
}

/* RFC 8439 2.5: r is clamped. */
AVX512_INLINE struct poly_limbs poly_clamp(__m512i low, __m512i high)
{
	return poly_split(_mm512_and_si512(low, _mm512_set1_epi64(0x0ffffffc0fffffff)),
			  _mm512_and_si512(high, _mm512_set1_epi64(0x0ffffffc0ffffffc)));
}

/* The products' lower 52 bits and those above them are summed apart. Bits 52 and up are worth 2^8 of the next limb, and 2^10
 * times 5 of the first where the next would be at 2^130. Limbs are below 2^46 and s below 2^49: no sum comes near 2^63, and what
 * is multiplied next is below 2^52, which is all that the instruction looks at. */
AVX512_INLINE struct poly_limbs poly_multiply(struct poly_limbs h, struct poly_factor f)
{
	const __m512i zero = _mm512_setzero_si512();
	__m512i lo0 = _mm512_madd52lo_epu64(zero, h.l2, f.s1), hi0 = _mm512_madd52hi_epu64(zero, h.l2, f.s1);
	__m512i lo1 = _mm512_madd52lo_epu64(zero, h.l2, f.s2), hi1 = _mm512_madd52hi_epu64(zero, h.l2, f.s2);
	__m512i lo2 = _mm512_madd52lo_epu64(zero, h.l2, f.r0), hi2 = _mm512_madd52hi_epu64(zero, h.l2, f.r0);

	lo0 = _mm512_madd52lo_epu64(lo0, h.l0, f.r0);
	hi0 = _mm512_madd52hi_epu64(hi0, h.l0, f.r0);
	lo1 = _mm512_madd52lo_epu64(lo1, h.l0, f.r1);
	hi1 = _mm512_madd52hi_epu64(hi1, h.l0, f.r1);
	lo2 = _mm512_madd52lo_epu64(lo2, h.l0, f.r2);
	hi2 = _mm512_madd52hi_epu64(hi2, h.l0, f.r2);
	lo0 = _mm512_madd52lo_epu64(lo0, h.l1, f.s2);
	hi0 = _mm512_madd52hi_epu64(hi0, h.l1, f.s2);
	lo1 = _mm512_madd52lo_epu64(lo1, h.l1, f.r0);
	hi1 = _mm512_madd52hi_epu64(hi1, h.l1, f.r0);
	lo2 = _mm512_madd52lo_epu64(lo2, h.l1, f.r1);
	hi2 = _mm512_madd52hi_epu64(hi2, h.l1, f.r1);

	lo1 = _mm512_add_epi64(_mm512_add_epi64(lo1, _mm512_slli_epi64(hi0, 8)), _mm512_srli_epi64(lo0, 44));
	lo2 = _mm512_add_epi64(_mm512_add_epi64(lo2, _mm512_slli_epi64(hi1, 8)), _mm512_srli_epi64(lo1, 44));

	__m512i over = _mm512_add_epi64(_mm512_slli_epi64(hi2, 10), _mm512_srli_epi64(lo2, 42));

	lo0 = _mm512_add_epi64(poly_low_44(lo0), _mm512_add_epi64(over, _mm512_slli_epi64(over, 2)));
	return (struct poly_limbs){ poly_low_44(lo0),
				    _mm512_add_epi64(poly_low_44(lo1), _mm512_srli_epi64(lo0, 44)), poly_low_42(lo2) };
}

/* One block more in each lane. Above a whole block stands a 1; one that is none is all zero, and in front of the others. */
AVX512_INLINE struct poly_limbs poly_add(struct poly_limbs h, __m512i low, __m512i high, __mmask8 whole)
{
	struct poly_limbs m = poly_split(low, high);

	m.l2 = _mm512_or_si512(m.l2, _mm512_maskz_set1_epi64(whole, INT64_C(1) << (POLY_BLOCK_BITS - 88)));
	return (struct poly_limbs){ _mm512_add_epi64(h.l0, m.l0), _mm512_add_epi64(h.l1, m.l1),
				    _mm512_add_epi64(h.l2, m.l2) };
}

AVX512_INLINE struct poly_limbs poly_step(struct poly_limbs h, __m512i low, __m512i high, __mmask8 whole,
					  struct poly_factor f)
{
	return poly_multiply(poly_add(h, low, high, whole), f);
}

/* The tags, as two rows of words: h modulo the prime, and the pad modulo 2^128. */
AVX512_INLINE void poly_tags(uint64_t tag[static 2][POLY_LANES], struct poly_limbs h, __m512i pad_low, __m512i pad_high)
{
	__m512i g0, g1, g2, over;

	/* below 2^130 + a little, which is below twice the prime */
	h.l1 = _mm512_add_epi64(h.l1, _mm512_srli_epi64(h.l0, 44));
	h.l2 = _mm512_add_epi64(h.l2, _mm512_srli_epi64(h.l1, 44));
	over = _mm512_srli_epi64(h.l2, 42);
	h.l0 = _mm512_add_epi64(poly_low_44(h.l0), _mm512_add_epi64(over, _mm512_slli_epi64(over, 2)));
	h.l1 = _mm512_add_epi64(poly_low_44(h.l1), _mm512_srli_epi64(h.l0, 44));
	h.l2 = _mm512_add_epi64(poly_low_42(h.l2), _mm512_srli_epi64(h.l1, 44));
	h.l0 = poly_low_44(h.l0);
	h.l1 = poly_low_44(h.l1);

	/* g = h + 5 - 2^130 is h minus the prime, where it is not negative */
	g0 = _mm512_add_epi64(h.l0, _mm512_set1_epi64(5));
	g1 = _mm512_add_epi64(h.l1, _mm512_srli_epi64(g0, 44));
	g2 = _mm512_sub_epi64(_mm512_add_epi64(h.l2, _mm512_srli_epi64(g1, 44)), _mm512_set1_epi64(INT64_C(1) << 42));

	__mmask8 below = _mm512_movepi64_mask(g2);

	g0 = _mm512_mask_mov_epi64(poly_low_44(g0), below, h.l0);
	g1 = _mm512_mask_mov_epi64(poly_low_44(g1), below, h.l1);
	g2 = _mm512_mask_mov_epi64(g2, below, h.l2);

	__m512i low = _mm512_or_si512(g0, _mm512_slli_epi64(g1, 44));
	__m512i high = _mm512_or_si512(_mm512_srli_epi64(g1, 20), _mm512_slli_epi64(g2, 24));

	low = _mm512_add_epi64(low, pad_low);
	high = _mm512_add_epi64(high, pad_high);
	high = _mm512_mask_add_epi64(high, _mm512_cmplt_epu64_mask(low, pad_low), high, _mm512_set1_epi64(1));
	_mm512_storeu_si512(tag[0], low);
	_mm512_storeu_si512(tag[1], high);
}

#endif

/* ChaCha20 on AVX2: a word of the state of eight blocks is a register. */
#ifndef CRYPTO_CHACHA20_AVX2_H
#define CRYPTO_CHACHA20_AVX2_H

#include "crypto/avx2.h"

enum { BLOCK_LEN = 64, DOUBLE_ROUNDS = 10 };

/* A word of ChaCha20's state, for eight blocks. */
INLINE __m256i rotate(__m256i v, int bits)
{
	return _mm256_or_si256(_mm256_slli_epi32(v, bits), _mm256_srli_epi32(v, 32 - bits));
}

/* Four words of the state. */
struct row {
	__m256i a, b, c, d;
};

/* Two quarter rounds side by side: as much as 16 registers hold with little spilled. */
INLINE void quarter_rounds(__m256i *a0, __m256i *b0, __m256i *c0, __m256i *d0, __m256i *a1, __m256i *b1, __m256i *c1,
			   __m256i *d1)
{
	const __m256i by_16 = _mm256_setr_epi8(2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13, 2, 3, 0, 1, 6, 7,
					       4, 5, 10, 11, 8, 9, 14, 15, 12, 13);
	const __m256i by_8 = _mm256_setr_epi8(3, 0, 1, 2, 7, 4, 5, 6, 11, 8, 9, 10, 15, 12, 13, 14, 3, 0, 1, 2, 7, 4,
					      5, 6, 11, 8, 9, 10, 15, 12, 13, 14);

	*a0 = _mm256_add_epi32(*a0, *b0);
	*a1 = _mm256_add_epi32(*a1, *b1);
	*d0 = _mm256_shuffle_epi8(_mm256_xor_si256(*d0, *a0), by_16);
	*d1 = _mm256_shuffle_epi8(_mm256_xor_si256(*d1, *a1), by_16);
	*c0 = _mm256_add_epi32(*c0, *d0);
	*c1 = _mm256_add_epi32(*c1, *d1);
	*b0 = rotate(_mm256_xor_si256(*b0, *c0), 12);
	*b1 = rotate(_mm256_xor_si256(*b1, *c1), 12);
	*a0 = _mm256_add_epi32(*a0, *b0);
	*a1 = _mm256_add_epi32(*a1, *b1);
	*d0 = _mm256_shuffle_epi8(_mm256_xor_si256(*d0, *a0), by_8);
	*d1 = _mm256_shuffle_epi8(_mm256_xor_si256(*d1, *a1), by_8);
	*c0 = _mm256_add_epi32(*c0, *d0);
	*c1 = _mm256_add_epi32(*c1, *d1);
	*b0 = rotate(_mm256_xor_si256(*b0, *c0), 7);
	*b1 = rotate(_mm256_xor_si256(*b1, *c1), 7);
}

INLINE struct row add_rows(struct row x, struct row y)
{
	return (struct row){ _mm256_add_epi32(x.a, y.a), _mm256_add_epi32(x.b, y.b), _mm256_add_epi32(x.c, y.c),
			     _mm256_add_epi32(x.d, y.d) };
}

INLINE struct row broadcast(const uint32_t words[static 4])
{
	return (struct row){ _mm256_set1_epi32((int)words[0]), _mm256_set1_epi32((int)words[1]),
			     _mm256_set1_epi32((int)words[2]), _mm256_set1_epi32((int)words[3]) };
}

/* .a holds the row of block 0 in its lower half and of block 4 in its upper, .b of blocks 1 and 5, and so on. */
INLINE struct row transpose(struct row x)
{
	__m256i lo0 = _mm256_unpacklo_epi32(x.a, x.b), hi0 = _mm256_unpackhi_epi32(x.a, x.b);
	__m256i lo1 = _mm256_unpacklo_epi32(x.c, x.d), hi1 = _mm256_unpackhi_epi32(x.c, x.d);

	return (struct row){ _mm256_unpacklo_epi64(lo0, lo1), _mm256_unpackhi_epi64(lo0, lo1),
			     _mm256_unpacklo_epi64(hi0, hi1), _mm256_unpackhi_epi64(hi0, hi1) };
}

INLINE void store_blocks(uint8_t *dst, __m256i x, __m256i y)
{
	_mm256_store_si256((__m256i *)dst, _mm256_permute2x128_si256(x, y, 0x20));
	_mm256_store_si256((__m256i *)(dst + (size_t)4 * BLOCK_LEN), _mm256_permute2x128_si256(x, y, 0x31));
}

INLINE void store_rows(uint8_t *dst, struct row x, struct row y)
{
	x = transpose(x);
	y = transpose(y);
	store_blocks(dst, x.a, y.a);
	store_blocks(dst + BLOCK_LEN, x.b, y.b);
	store_blocks(dst + (size_t)2 * BLOCK_LEN, x.c, y.c);
	store_blocks(dst + (size_t)3 * BLOCK_LEN, x.d, y.d);
}

#endif

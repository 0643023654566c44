/* What the files on AVX-512 share: on the functions, not the file, so that nothing of it leaks into code that runs before the check. */
#ifndef CRYPTO_AVX512_H
#define CRYPTO_AVX512_H

#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>

#define AVX512 __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512ifma,avx512vbmi2,bmi2")))
#define AVX512_INLINE static inline AVX512 __attribute__((always_inline))

/* gcc leaves small loops over arrays of registers rolled at -O2, and then they are in memory: five times as slow. */
#ifdef __clang__
#define AVX512_UNROLL _Pragma("unroll")
#else
#define AVX512_UNROLL _Pragma("GCC unroll 8")
#endif

/* Rows of four 128-bit lanes. */
struct lanes_4x4 {
	__m512i a, b, c, d;
};

/* .a of the result holds the first lane of each row, .b the second, and so on. */
AVX512_INLINE struct lanes_4x4 lanes_transpose(struct lanes_4x4 x)
{
	__m512i ab02 = _mm512_shuffle_i64x2(x.a, x.b, 0x88), ab13 = _mm512_shuffle_i64x2(x.a, x.b, 0xdd);
	__m512i cd02 = _mm512_shuffle_i64x2(x.c, x.d, 0x88), cd13 = _mm512_shuffle_i64x2(x.c, x.d, 0xdd);

	return (struct lanes_4x4){ _mm512_shuffle_i64x2(ab02, cd02, 0x88), _mm512_shuffle_i64x2(ab13, cd13, 0x88),
				   _mm512_shuffle_i64x2(ab02, cd02, 0xdd), _mm512_shuffle_i64x2(ab13, cd13, 0xdd) };
}

#endif

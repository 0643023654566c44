/* What the files on AVX2 share. */
#ifndef CRYPTO_AVX2_H
#define CRYPTO_AVX2_H

#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>

/* On the functions, not the file: nothing of AVX2 leaks into code that runs before the check. */
#define AVX2 __attribute__((target("avx2,bmi2")))
#define INLINE static inline AVX2 __attribute__((always_inline))

#endif

/* SHA-256 (FIPS 180-4), for sums that a person compares with sha256sum(1)'s. */
#ifndef CRYPTO_SHA256_H
#define CRYPTO_SHA256_H

#include <stddef.h>
#include <stdint.h>

enum { SHA256_LEN = 32 };

/* Of what comes in parts. */
struct sha256_sum {
	_Alignas(uint64_t) uint8_t state[128];
};

void sha256_begin(struct sha256_sum *sum);
void sha256_add(struct sha256_sum *sum, const void *data, size_t len);
void sha256_end(const struct sha256_sum *sum, uint8_t out[static SHA256_LEN]);

void sha256(uint8_t out[static SHA256_LEN], const void *data, size_t len);

#endif

/* SHA-256 (FIPS 180-4), for sums that a person compares with sha256sum(1)'s. */
#ifndef CRYPTO_SHA256_H
#define CRYPTO_SHA256_H

#include <stddef.h>
#include <stdint.h>

enum { SHA256_LEN = 32 };

void sha256(uint8_t out[static SHA256_LEN], const void *data, size_t len);

#endif

/* ECDSA on P-256 over a SHA-256 (FIPS 186-5), deterministic (RFC 6979): the same key and the same text give the same bytes. */
#ifndef CRYPTO_SIGNATURE_H
#define CRYPTO_SIGNATURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "crypto/sha256.h"

enum {
	SIGNATURE_LEN = 64,         /* r, s */
	SIGNATURE_PUBLIC_LEN = 65,  /* 4, x, y */
	SIGNATURE_PRIVATE_LEN = 32, /* big-endian, below the curve's order and not 0 */
};

bool signature_verify(const uint8_t signature[static SIGNATURE_LEN], const uint8_t public_key[static SIGNATURE_PUBLIC_LEN],
		      const uint8_t hash[static SHA256_LEN]);

/* For who makes bundles, not for the appliance. False: that is no private key. */
bool signature_public(uint8_t public_key[static SIGNATURE_PUBLIC_LEN], const uint8_t private_key[static SIGNATURE_PRIVATE_LEN]);
bool signature_make(uint8_t signature[static SIGNATURE_LEN], const uint8_t private_key[static SIGNATURE_PRIVATE_LEN],
		    const uint8_t hash[static SHA256_LEN]);

#endif

/* X25519 (RFC 7748) by libsodium's ref10: five limbs of 51 bits in plain C, and a table of the base point's multiples where that is
 * what is multiplied. BearSSL takes 3.5 times as long, and is the judge of it in the tests. */
#ifndef CRYPTO_X25519_H
#define CRYPTO_X25519_H

#include <stdbool.h>
#include <stdint.h>

#include "crypto/key.h"

/* Clears and sets the bits of RFC 7748 5; wg genkey stores keys so. */
void x25519_clamp(uint8_t private_key[static KEY_LEN]);
/* A third of what x25519 costs. */
void x25519_public(uint8_t public_key[static KEY_LEN], const uint8_t private_key[static KEY_LEN]);

/* False, and shared all zero, for a point of small order (RFC 7748 6.1). */
bool x25519(uint8_t shared[static KEY_LEN], const uint8_t private_key[static KEY_LEN],
	    const uint8_t public_key[static KEY_LEN]);


/* Such a point: the public key of no one. */
bool x25519_is_small_order(const uint8_t public_key[static KEY_LEN]);

#endif

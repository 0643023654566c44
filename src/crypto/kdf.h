/* HMAC-BLAKE2s and the key derivation of the WireGuard paper, 5.4: Kdf1, Kdf2, Kdf3. */
#ifndef CRYPTO_KDF_H
#define CRYPTO_KDF_H

#include <stddef.h>
#include <stdint.h>

#include "crypto/blake2s.h"

void hmac_blake2s(uint8_t out[static BLAKE2S_HASH_LEN], const uint8_t *key, size_t key_len, const void *data,
		  size_t len);

/* first, second, third hold BLAKE2S_HASH_LEN bytes; second and third may be NULL. chaining_key may be first. */
void kdf(uint8_t *first, uint8_t *second, uint8_t *third, const uint8_t chaining_key[static BLAKE2S_HASH_LEN],
	 const void *data, size_t len);

#endif

/* ChaCha20-Poly1305 (RFC 8439) and XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha), as WireGuard uses them. */
#ifndef CRYPTO_AEAD_H
#define CRYPTO_AEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "crypto/aead_len.h"

enum { XAEAD_NONCE_LEN = 24 };

/* The nonce is four zero bytes and the counter, little-endian (paper 5.4.6). dst holds len + AEAD_TAG_LEN bytes and may
 * be src. */
void aead_seal(uint8_t *dst, const uint8_t *src, size_t len, const uint8_t *ad, size_t ad_len, uint64_t counter,
	       const uint8_t key[static AEAD_KEY_LEN]);

/* src holds len bytes and the tag behind them; dst holds len bytes and may be src. False, and dst wiped, when the tag
 * is not right. */
bool aead_open(uint8_t *dst, const uint8_t *src, size_t len, const uint8_t *ad, size_t ad_len, uint64_t counter,
	       const uint8_t key[static AEAD_KEY_LEN]);

/* The same with 24 random bytes for a nonce. */
void xaead_seal(uint8_t *dst, const uint8_t *src, size_t len, const uint8_t *ad, size_t ad_len,
		const uint8_t nonce[static XAEAD_NONCE_LEN], const uint8_t key[static AEAD_KEY_LEN]);
bool xaead_open(uint8_t *dst, const uint8_t *src, size_t len, const uint8_t *ad, size_t ad_len,
		const uint8_t nonce[static XAEAD_NONCE_LEN], const uint8_t key[static AEAD_KEY_LEN]);

/* Which code seals and opens: "avx2" or "bearssl"; chosen once by CPUID. */
const char *aead_name(void);

#endif

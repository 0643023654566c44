/* ChaCha20-Poly1305 (RFC 8439) and XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha), as WireGuard uses them. */
#ifndef CRYPTO_AEAD_H
#define CRYPTO_AEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "crypto/aead_job.h"
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

/* Many at once, in any mixture of lengths and keys: each takes less time than alone, where the processor has what that needs. */
void aead_seal_many(struct aead_job *jobs, size_t count);
void aead_open_many(struct aead_job *jobs, size_t count);

/* The same with 24 random bytes for a nonce. */
void xaead_seal(uint8_t *dst, const uint8_t *src, size_t len, const uint8_t *ad, size_t ad_len,
		const uint8_t nonce[static XAEAD_NONCE_LEN], const uint8_t key[static AEAD_KEY_LEN]);
bool xaead_open(uint8_t *dst, const uint8_t *src, size_t len, const uint8_t *ad, size_t ad_len,
		const uint8_t nonce[static XAEAD_NONCE_LEN], const uint8_t key[static AEAD_KEY_LEN]);

/* Which code seals and opens: "avx512", "avx2" or "bearssl"; chosen once by CPUID. For tests and benchmarks, GATEWAY_AEAD in the
 * environment names one that is to be taken instead, if it runs here. */
const char *aead_name(void);

#endif

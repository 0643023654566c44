/* The ways to ChaCha20-Poly1305 behind aead.h, in the open for tests and benchmarks alone. */
#ifndef CRYPTO_AEAD_IMPL_H
#define CRYPTO_AEAD_IMPL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "crypto/aead_job.h"
#include "crypto/aead_len.h"

/* aead.h has the contract; the nonce is RFC 8439's. */
struct aead_impl {
	const char *name;
	void (*seal)(uint8_t *dst, const uint8_t *src, size_t len, const uint8_t *ad, size_t ad_len,
		     const uint8_t nonce[static AEAD_NONCE_LEN], const uint8_t key[static AEAD_KEY_LEN]);
	bool (*open)(uint8_t *dst, const uint8_t *src, size_t len, const uint8_t *ad, size_t ad_len,
		     const uint8_t nonce[static AEAD_NONCE_LEN], const uint8_t key[static AEAD_KEY_LEN]);
	/* NULL: one by one. */
	void (*seal_many)(struct aead_job *jobs, size_t count);
	void (*open_many)(struct aead_job *jobs, size_t count);
};

extern const struct aead_impl aead_bearssl;

/* NULL when this processor, or this system, cannot run it. */
const struct aead_impl *aead_avx2(void);
const struct aead_impl *aead_avx512(void);

/* From now on; the one that did it before. */
const struct aead_impl *aead_use(const struct aead_impl *impl);

/* draft-irtf-cfrg-xchacha-03 2.2; nonce is 16 bytes. */
void hchacha20(uint8_t subkey[static AEAD_KEY_LEN], const uint8_t nonce[static 16],
	       const uint8_t key[static AEAD_KEY_LEN]);

#endif

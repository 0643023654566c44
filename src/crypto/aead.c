#include "crypto/aead.h"

#include <bearssl.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "crypto/aead_impl.h"
#include "crypto/key.h"

static const struct aead_impl *impl = &aead_bearssl;

const struct aead_impl *aead_use(const struct aead_impl *next)
{
	const struct aead_impl *before = impl;

	impl = next;
	return before;
}

/* At load: a choice that no caller can forget, no packet pays for and no two threads race for. */
__attribute__((constructor)) static void choose(void)
{
	const struct aead_impl *const slowest_first[] = { &aead_bearssl, aead_avx2(), aead_avx512() };
	const char *name = getenv("GATEWAY_AEAD");

	for (size_t i = 0; i < sizeof(slowest_first) / sizeof(slowest_first[0]); i++) {
		if (!slowest_first[i])
			continue;
		impl = slowest_first[i];
		if (name && !strcmp(name, impl->name))
			return;
	}
}

const char *aead_name(void)
{
	return impl->name;
}

static void bearssl_run(uint8_t *data, size_t len, const uint8_t *ad, size_t ad_len,
			const uint8_t nonce[static AEAD_NONCE_LEN], const uint8_t key[static AEAD_KEY_LEN],
			uint8_t tag[static AEAD_TAG_LEN], int encrypt)
{
	br_chacha20_run chacha20 = br_chacha20_sse2_get();
	br_poly1305_run poly1305 = br_poly1305_ctmulq_get();

	(poly1305 ? poly1305 : br_poly1305_ctmul_run)(key, nonce, data, len, ad, ad_len, tag,
						      chacha20 ? chacha20 : br_chacha20_ct_run, encrypt);
	wipe_stack();
}

static void bearssl_seal(uint8_t *dst, const uint8_t *src, size_t len, const uint8_t *ad, size_t ad_len,
			 const uint8_t nonce[static AEAD_NONCE_LEN], const uint8_t key[static AEAD_KEY_LEN])
{
	if (dst != src && len)
		memcpy(dst, src, len);
	bearssl_run(dst, len, ad, ad_len, nonce, key, dst + len, 1);
}

static bool bearssl_open(uint8_t *dst, const uint8_t *src, size_t len, const uint8_t *ad, size_t ad_len,
			 const uint8_t nonce[static AEAD_NONCE_LEN], const uint8_t key[static AEAD_KEY_LEN])
{
	uint8_t tag[AEAD_TAG_LEN];

	if (dst != src && len)
		memcpy(dst, src, len);
	/* It decrypts whatever the tag says. */
	bearssl_run(dst, len, ad, ad_len, nonce, key, tag, 0);
	bool right = ct_equal(tag, src + len, AEAD_TAG_LEN);

	wipe(tag, sizeof(tag)); /* the right tag of a forged packet is worth having */
	if (!right && len)
		wipe(dst, len);
	return right;
}

const struct aead_impl aead_bearssl = { .name = "bearssl", .seal = bearssl_seal, .open = bearssl_open };

static void store_counter(uint8_t nonce[static AEAD_NONCE_LEN], uint64_t counter)
{
	memset(nonce, 0, 4);
	for (unsigned i = 0; i < 8; i++)
		nonce[4 + i] = (uint8_t)(counter >> 8 * i);
}

void aead_seal(uint8_t *dst, const uint8_t *src, size_t len, const uint8_t *ad, size_t ad_len, uint64_t counter,
	       const uint8_t key[static AEAD_KEY_LEN])
{
	uint8_t nonce[AEAD_NONCE_LEN];

	store_counter(nonce, counter);
	impl->seal(dst, src, len, ad, ad_len, nonce, key);
}

bool aead_open(uint8_t *dst, const uint8_t *src, size_t len, const uint8_t *ad, size_t ad_len, uint64_t counter,
	       const uint8_t key[static AEAD_KEY_LEN])
{
	uint8_t nonce[AEAD_NONCE_LEN];

	store_counter(nonce, counter);
	return impl->open(dst, src, len, ad, ad_len, nonce, key);
}

void aead_seal_many(struct aead_job *jobs, size_t count)
{
	if (impl->seal_many) {
		impl->seal_many(jobs, count);
		return;
	}
	for (size_t i = 0; i < count; i++)
		aead_seal(jobs[i].bytes, jobs[i].bytes, jobs[i].len, NULL, 0, jobs[i].counter, jobs[i].key);
}

void aead_open_many(struct aead_job *jobs, size_t count)
{
	if (impl->open_many) {
		impl->open_many(jobs, count);
		return;
	}
	for (size_t i = 0; i < count; i++)
		jobs[i].right = aead_open(jobs[i].bytes, jobs[i].bytes, jobs[i].len, NULL, 0, jobs[i].counter, jobs[i].key);
}

static inline uint32_t rotate_left(uint32_t v, unsigned bits)
{
	return v << bits | v >> (32 - bits);
}

/* RFC 8439 2.1 */
static inline void quarter_round(uint32_t *a, uint32_t *b, uint32_t *c, uint32_t *d)
{
	*a += *b;
	*d = rotate_left(*d ^ *a, 16);
	*c += *d;
	*b = rotate_left(*b ^ *c, 12);
	*a += *b;
	*d = rotate_left(*d ^ *a, 8);
	*c += *d;
	*b = rotate_left(*b ^ *c, 7);
}

void hchacha20(uint8_t subkey[static AEAD_KEY_LEN], const uint8_t nonce[static 16],
	       const uint8_t key[static AEAD_KEY_LEN])
{
	uint32_t x[16] = { 0x61707865, 0x3320646e, 0x79622d32, 0x6b206574 };

	for (unsigned i = 0; i < 8; i++)
		x[4 + i] = load_le32(key + 4 * (size_t)i);
	for (unsigned i = 0; i < 4; i++)
		x[12 + i] = load_le32(nonce + 4 * (size_t)i);
	for (unsigned round = 0; round < 20; round += 2) {
		quarter_round(&x[0], &x[4], &x[8], &x[12]);
		quarter_round(&x[1], &x[5], &x[9], &x[13]);
		quarter_round(&x[2], &x[6], &x[10], &x[14]);
		quarter_round(&x[3], &x[7], &x[11], &x[15]);
		quarter_round(&x[0], &x[5], &x[10], &x[15]);
		quarter_round(&x[1], &x[6], &x[11], &x[12]);
		quarter_round(&x[2], &x[7], &x[8], &x[13]);
		quarter_round(&x[3], &x[4], &x[9], &x[14]);
	}
	for (unsigned i = 0; i < 16; i++) {
		subkey[i] = (uint8_t)(x[i / 4] >> 8 * (i % 4));
		subkey[16 + i] = (uint8_t)(x[12 + i / 4] >> 8 * (i % 4));
	}
	wipe(x, sizeof(x));
	wipe_stack();
}

/* draft-irtf-cfrg-xchacha-03 2.3: the last 8 bytes of the nonce stand where the counter does. */
void xaead_seal(uint8_t *dst, const uint8_t *src, size_t len, const uint8_t *ad, size_t ad_len,
		const uint8_t nonce[static XAEAD_NONCE_LEN], const uint8_t key[static AEAD_KEY_LEN])
{
	uint8_t subkey[AEAD_KEY_LEN];

	hchacha20(subkey, nonce, key);
	aead_seal(dst, src, len, ad, ad_len, load_le64(nonce + 16), subkey);
	wipe(subkey, sizeof(subkey));
}

bool xaead_open(uint8_t *dst, const uint8_t *src, size_t len, const uint8_t *ad, size_t ad_len,
		const uint8_t nonce[static XAEAD_NONCE_LEN], const uint8_t key[static AEAD_KEY_LEN])
{
	uint8_t subkey[AEAD_KEY_LEN];

	hchacha20(subkey, nonce, key);
	bool right = aead_open(dst, src, len, ad, ad_len, load_le64(nonce + 16), subkey);

	wipe(subkey, sizeof(subkey));
	return right;
}

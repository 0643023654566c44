#include "crypto/kdf.h"

#include <string.h>

#include "crypto/key.h"

/* RFC 2104, and not br_hmac: that restarts from a saved state, which BLAKE2s with its last-block flag has not. */
struct hmac {
	struct blake2s inner;
	uint8_t pad[BLAKE2S_BLOCK_LEN];
};

static void hmac_init(struct hmac *hmac, const uint8_t *key, size_t key_len)
{
	memset(hmac->pad, 0, sizeof(hmac->pad));
	if (key_len > BLAKE2S_BLOCK_LEN)
		blake2s(hmac->pad, BLAKE2S_HASH_LEN, key, key_len, NULL, 0);
	else if (key_len)
		memcpy(hmac->pad, key, key_len);
	for (size_t i = 0; i < sizeof(hmac->pad); i++)
		hmac->pad[i] ^= 0x36;
	blake2s_init(&hmac->inner, BLAKE2S_HASH_LEN, NULL, 0);
	blake2s_update(&hmac->inner, hmac->pad, sizeof(hmac->pad));
}

static void hmac_final(struct hmac *hmac, uint8_t out[static BLAKE2S_HASH_LEN])
{
	struct blake2s outer;
	uint8_t hash[BLAKE2S_HASH_LEN];

	blake2s_final(&hmac->inner, hash);
	for (size_t i = 0; i < sizeof(hmac->pad); i++)
		hmac->pad[i] ^= 0x36 ^ 0x5c;
	blake2s_init(&outer, BLAKE2S_HASH_LEN, NULL, 0);
	blake2s_update(&outer, hmac->pad, sizeof(hmac->pad));
	blake2s_update(&outer, hash, sizeof(hash));
	blake2s_final(&outer, out);
	wipe(hash, sizeof(hash));
	wipe(hmac, sizeof(*hmac));
}

static __attribute__((noinline)) void hmac_once(uint8_t out[static BLAKE2S_HASH_LEN], const uint8_t *key,
						size_t key_len, const void *data, size_t len)
{
	struct hmac hmac;

	hmac_init(&hmac, key, key_len);
	blake2s_update(&hmac.inner, data, len);
	hmac_final(&hmac, out);
}

void hmac_blake2s(uint8_t out[static BLAKE2S_HASH_LEN], const uint8_t *key, size_t key_len, const void *data,
		  size_t len)
{
	hmac_once(out, key, key_len, data, len);
	wipe_stack();
}

void kdf(uint8_t *first, uint8_t *second, uint8_t *third, const uint8_t chaining_key[static BLAKE2S_HASH_LEN],
	 const void *data, size_t len)
{
	uint8_t *const outputs[] = { first, second, third };
	uint8_t secret[BLAKE2S_HASH_LEN], t[BLAKE2S_HASH_LEN + 1];
	size_t t_len = 0;

	hmac_once(secret, chaining_key, BLAKE2S_HASH_LEN, data, len);
	for (size_t i = 0; i < sizeof(outputs) / sizeof(outputs[0]) && outputs[i]; i++) {
		t[t_len] = (uint8_t)(i + 1);
		hmac_once(t, secret, sizeof(secret), t, t_len + 1);
		memcpy(outputs[i], t, BLAKE2S_HASH_LEN);
		t_len = BLAKE2S_HASH_LEN;
	}
	wipe(secret, sizeof(secret));
	wipe(t, sizeof(t));
	wipe_stack();
}

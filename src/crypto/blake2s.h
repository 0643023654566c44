/* BLAKE2s (RFC 7693), plain and keyed. */
#ifndef CRYPTO_BLAKE2S_H
#define CRYPTO_BLAKE2S_H

#include <stddef.h>
#include <stdint.h>

enum { BLAKE2S_BLOCK_LEN = 64, BLAKE2S_HASH_LEN = 32 };

struct blake2s {
	uint32_t h[8];
	uint64_t count; /* bytes hashed */
	uint8_t block[BLAKE2S_BLOCK_LEN];
	size_t block_len, out_len;
};

/* out_len 1..32; key_len 0..32, key may be NULL when that is 0. */
void blake2s_init(struct blake2s *state, size_t out_len, const uint8_t *key, size_t key_len);
void blake2s_update(struct blake2s *state, const void *data, size_t len);
void blake2s_final(struct blake2s *state, uint8_t *out); /* wipes state */

void blake2s(uint8_t *out, size_t out_len, const void *data, size_t len, const uint8_t *key, size_t key_len);

#endif

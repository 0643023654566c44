#include "crypto/blake2s.h"

#include <string.h>

#include "base/bytes.h"
#include "crypto/key.h"

/* RFC 7693 2.6 */
static const uint32_t iv[8] = {
	0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
};

/* RFC 7693 2.7 */
static const uint8_t sigma[10][16] = {
	{ 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 },
	{ 14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3 },
	{ 11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4 },
	{ 7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8 },
	{ 9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13 },
	{ 2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9 },
	{ 12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11 },
	{ 13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10 },
	{ 6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5 },
	{ 10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0 },
};

static inline uint32_t rotate_right(uint32_t v, unsigned bits)
{
	return v >> bits | v << (32 - bits);
}

static inline void mix(uint32_t *a, uint32_t *b, uint32_t *c, uint32_t *d, uint32_t x, uint32_t y)
{
	*a += *b + x;
	*d = rotate_right(*d ^ *a, 16);
	*c += *d;
	*b = rotate_right(*b ^ *c, 12);
	*a += *b + y;
	*d = rotate_right(*d ^ *a, 8);
	*c += *d;
	*b = rotate_right(*b ^ *c, 7);
}

/* state->count has the bytes up to the end of this block. */
static void compress(struct blake2s *state, const uint8_t block[static BLAKE2S_BLOCK_LEN], uint32_t last)
{
	uint32_t m[16], v[16];

	for (unsigned i = 0; i < 16; i++)
		m[i] = load_le32(block + 4 * (size_t)i);
	for (unsigned i = 0; i < 8; i++) {
		v[i] = state->h[i];
		v[i + 8] = iv[i];
	}
	v[12] ^= (uint32_t)state->count;
	v[13] ^= (uint32_t)(state->count >> 32);
	v[14] ^= last;

	for (unsigned round = 0; round < 10; round++) {
		const uint8_t *s = sigma[round];

		mix(&v[0], &v[4], &v[8], &v[12], m[s[0]], m[s[1]]);
		mix(&v[1], &v[5], &v[9], &v[13], m[s[2]], m[s[3]]);
		mix(&v[2], &v[6], &v[10], &v[14], m[s[4]], m[s[5]]);
		mix(&v[3], &v[7], &v[11], &v[15], m[s[6]], m[s[7]]);
		mix(&v[0], &v[5], &v[10], &v[15], m[s[8]], m[s[9]]);
		mix(&v[1], &v[6], &v[11], &v[12], m[s[10]], m[s[11]]);
		mix(&v[2], &v[7], &v[8], &v[13], m[s[12]], m[s[13]]);
		mix(&v[3], &v[4], &v[9], &v[14], m[s[14]], m[s[15]]);
	}
	for (unsigned i = 0; i < 8; i++)
		state->h[i] ^= v[i] ^ v[i + 8];
	wipe(m, sizeof(m));
	wipe(v, sizeof(v));
}

void blake2s_init(struct blake2s *state, size_t out_len, const uint8_t *key, size_t key_len)
{
	memset(state, 0, sizeof(*state));
	memcpy(state->h, iv, sizeof(iv));
	state->h[0] ^= 0x01010000 ^ (uint32_t)key_len << 8 ^ (uint32_t)out_len;
	state->out_len = out_len;
	if (key_len) {
		memcpy(state->block, key, key_len);
		state->block_len = BLAKE2S_BLOCK_LEN;
	}
}

/* A full block stays in the buffer until more comes: the last one is compressed differently. */
void blake2s_update(struct blake2s *state, const void *data, size_t len)
{
	const uint8_t *p = data;

	while (len) {
		if (state->block_len == BLAKE2S_BLOCK_LEN) {
			state->count += BLAKE2S_BLOCK_LEN;
			compress(state, state->block, 0);
			state->block_len = 0;
		}
		size_t room = BLAKE2S_BLOCK_LEN - state->block_len, n = len < room ? len : room;

		memcpy(state->block + state->block_len, p, n);
		state->block_len += n;
		p += n;
		len -= n;
	}
}

void blake2s_final(struct blake2s *state, uint8_t *out)
{
	state->count += state->block_len;
	memset(state->block + state->block_len, 0, BLAKE2S_BLOCK_LEN - state->block_len);
	compress(state, state->block, UINT32_MAX);
	for (size_t i = 0; i < state->out_len; i++)
		out[i] = (uint8_t)(state->h[i / 4] >> 8 * (i % 4));
	wipe(state, sizeof(*state));
}

void blake2s(uint8_t *out, size_t out_len, const void *data, size_t len, const uint8_t *key, size_t key_len)
{
	struct blake2s state;

	blake2s_init(&state, out_len, key, key_len);
	blake2s_update(&state, data, len);
	blake2s_final(&state, out);
	wipe_stack();
}

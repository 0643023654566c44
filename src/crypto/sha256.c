#include "crypto/sha256.h"

#include <assert.h>

#include <bearssl.h>

static_assert(sizeof(br_sha256_context) <= sizeof(struct sha256_sum), "a sum has room for BearSSL's");

static br_sha256_context *context_of(struct sha256_sum *sum)
{
	return (br_sha256_context *)(void *)sum->state;
}

void sha256_begin(struct sha256_sum *sum)
{
	*sum = (struct sha256_sum){ .state = { 0 } };
	br_sha256_init(context_of(sum));
}

void sha256_add(struct sha256_sum *sum, const void *data, size_t len)
{
	br_sha256_update(context_of(sum), data, len);
}

void sha256_end(const struct sha256_sum *sum, uint8_t out[static SHA256_LEN])
{
	struct sha256_sum copy = *sum;

	br_sha256_out(context_of(&copy), out);
}

void sha256(uint8_t out[static SHA256_LEN], const void *data, size_t len)
{
	br_sha256_context state;

	br_sha256_init(&state);
	br_sha256_update(&state, data, len);
	br_sha256_out(&state, out);
}

#include "crypto/sha256.h"

#include <bearssl.h>

void sha256(uint8_t out[static SHA256_LEN], const void *data, size_t len)
{
	br_sha256_context state;

	br_sha256_init(&state);
	br_sha256_update(&state, data, len);
	br_sha256_out(&state, out);
}

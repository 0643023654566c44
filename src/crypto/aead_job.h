/* One of many packets that are sealed or opened at once. */
#ifndef CRYPTO_AEAD_JOB_H
#define CRYPTO_AEAD_JOB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A packet in place, with its tag behind it, and nothing else that is authenticated. */
struct aead_job {
	uint8_t *bytes;
	size_t len;
	uint64_t counter;
	const uint8_t *key; /* borrowed */
	bool right;         /* of aead_open_many: as aead_open says; bytes are wiped when not */
};

#endif

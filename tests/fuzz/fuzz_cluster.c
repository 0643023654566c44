/* What anyone inside the VPN may send to the port where instances answer each other, and what may answer them: what is taken is what is
 * written, byte for byte. The first byte says which. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cluster/exchange.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void request(const uint8_t *bytes)
{
	uint8_t again[EXCHANGE_LEN];
	struct exchange_request read;

	if (exchange_read_request(bytes, &read) == 0) {
		exchange_write_request(again, &read);
		if (memcmp(again, bytes, sizeof(again)) != 0)
			abort();
	} else if (read.what || read.offset) {
		abort();
	}
}

static void answer(const uint8_t *bytes)
{
	uint8_t again[EXCHANGE_LEN];
	struct exchange_answer read;

	if (exchange_read_answer(bytes, &read) == 0) {
		exchange_write_answer(again, &read);
		if (memcmp(again, bytes, sizeof(again)) != 0 || read.offset > read.len || (read.status != EXCHANGE_OK && read.len))
			abort();
	} else if (read.status == EXCHANGE_OK || read.offset || read.len) {
		abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *bytes;

	if (size < 2 || size > EXCHANGE_LEN + 1)
		return 0;
	bytes = calloc(1, EXCHANGE_LEN);
	if (!bytes)
		abort();
	/* What no one would find by chance is given. */
	if (data[0] & 2)
		exchange_write_request(bytes, &(struct exchange_request){ .what = EXCHANGE_BUNDLE });
	memcpy(bytes + (EXCHANGE_LEN - (size - 1)), data + 1, size - 1);
	if (data[0] & 1)
		request(bytes);
	else
		answer(bytes);
	free(bytes);
	return 0;
}

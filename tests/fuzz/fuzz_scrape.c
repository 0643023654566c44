/* What anyone inside the VPN may send to the port of the metrics: the same in pieces as whole. */
#include <stdint.h>
#include <stdlib.h>

#include "gateway/scrape.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum scrape whole = scrape_read((const char *)data, size);

	for (size_t len = 0; len < size && size < SCRAPE_REQUEST_MAX; len++) {
		enum scrape part = scrape_read((const char *)data, len);

		if (part != SCRAPE_MORE && part != whole)
			abort();
	}
	if (whole != SCRAPE_MORE && !scrape_status[whole])
		abort();
	return 0;
}

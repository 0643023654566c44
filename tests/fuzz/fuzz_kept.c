/* The log as a partition has it, whatever became of that: each line that is taken for one is written again as it was read. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/kept.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *bytes = malloc(size ? size : 1);
	struct slice rest = { bytes, size };
	struct kept kept;

	memcpy(bytes, data, size);
	while (kept_next(&rest, &kept)) {
		char text[KEPT_LINE_LEN], line[KEPT_LINE_LEN];

		if (slice_copy(kept.text, text, sizeof(text)) < 0)
			abort();
		if (!(kept.is_boot ? kept_boot_line(line, kept.at, text) : kept_line(line, kept.at, kept.sequence, text)))
			abort();
	}
	free(bytes);
	return 0;
}

/* What a disk that is installed to holds: the ESP from 1 MiB on, and mitigator-data behind it. */
#ifndef INIT_LAYOUT_H
#define INIT_LAYOUT_H

#include <stdbool.h>
#include <stdint.h>

#include "init/gpt.h"

enum { LAYOUT_ESP = 1, LAYOUT_DATA = 2, LAYOUT_DATA_MIN_MIB = 64 };

struct layout_wish {
	uint64_t esp_bytes, data_max_bytes;
	const char *data_name;
	uint8_t disk_guid[GPT_GUID_LEN], esp_guid[GPT_GUID_LEN], data_guid[GPT_GUID_LEN]; /* for what is new */
};

enum layout_verdict {
	LAYOUT_NEW,       /* both are new */
	LAYOUT_KEPT,      /* a partition of that name stays where it is, as partition LAYOUT_DATA */
	LAYOUT_TOO_SMALL,
	LAYOUT_IN_THE_WAY, /* one of that name begins where the ESP goes */
};

/* Makes the table of it from one that was read, or from an empty one (has_table false; blocks and block_len are set). Nothing
 * is changed when it cannot be done. */
enum layout_verdict layout_make(struct gpt *gpt, bool has_table, const struct layout_wish *wish);

uint64_t layout_min_bytes(const struct layout_wish *wish);

#endif

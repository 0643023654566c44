#include "init/layout.h"

enum { MIB = 1 << 20 };

uint64_t layout_min_bytes(const struct layout_wish *wish)
{
	/* One MiB before the first partition, one behind the last for the copy of the table. */
	return wish->esp_bytes + (uint64_t)(LAYOUT_DATA_MIN_MIB + 2) * MIB;
}

enum layout_verdict layout_make(struct gpt *gpt, bool has_table, const struct layout_wish *wish)
{
	const uint64_t esp_first = MIB / gpt->block_len, esp_end = esp_first + wish->esp_bytes / gpt->block_len;
	struct gpt_partition data;
	unsigned number = has_table ? gpt_find(gpt, wish->data_name) : 0;

	if (number && gpt_partition(gpt, number, &data) && data.first < esp_end)
		return LAYOUT_IN_THE_WAY;
	if (!number && gpt->blocks < layout_min_bytes(wish) / gpt->block_len)
		return LAYOUT_TOO_SMALL;
	if (number) {
		gpt_keep(gpt, number, LAYOUT_DATA);
	} else {
		gpt_make(gpt, wish->disk_guid);
		gpt_set(gpt, LAYOUT_DATA, GPT_LINUX, wish->data_guid, esp_end,
			esp_end + (uint64_t)LAYOUT_DATA_MIN_MIB * MIB / gpt->block_len - 1, wish->data_name);
		/* Less than that stays as it is. */
		gpt_grow(gpt, LAYOUT_DATA, wish->data_max_bytes / gpt->block_len);
	}
	gpt_set(gpt, LAYOUT_ESP, GPT_ESP, wish->esp_guid, esp_first, esp_end - 1, "mitigator-boot");
	return number ? LAYOUT_KEPT : LAYOUT_NEW;
}

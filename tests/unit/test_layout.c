/* init/layout.h on disks of all kinds. */
#include "test.h"

#include "init/layout.h"

enum { BLOCK = 512, MIB = 2048 };

static const struct layout_wish wish = { .esp_bytes = UINT64_C(512) << 20, .data_max_bytes = UINT64_C(1) << 30,
					 .data_name = "mitigator-data", .disk_guid = { 1 }, .esp_guid = { 2 }, .data_guid = { 3 } };

static struct gpt gpt;

static bool is_at(unsigned number, uint64_t first, uint64_t last)
{
	struct gpt_partition partition;

	return gpt_partition(&gpt, number, &partition) && partition.first == first && partition.last == last;
}

TEST(layout_of_an_empty_disk_has_both_partitions_and_the_data_no_larger_than_it_may)
{
	gpt = (struct gpt){ .blocks = 4096 * MIB, .block_len = BLOCK };
	CHECK_INT(layout_make(&gpt, false, &wish), LAYOUT_NEW);
	CHECK(is_at(LAYOUT_ESP, MIB, 513 * MIB - 1));
	CHECK(is_at(LAYOUT_DATA, 513 * MIB, 1537 * MIB - 1));
	CHECK(gpt_is(&gpt, LAYOUT_ESP, GPT_ESP) && gpt_is(&gpt, LAYOUT_DATA, GPT_LINUX));
	CHECK_INT(gpt_guid(&gpt, LAYOUT_ESP)[0], 2);
}

TEST(layout_needs_578_mebibytes)
{
	gpt = (struct gpt){ .blocks = 578 * MIB - 1, .block_len = BLOCK };
	CHECK_INT(layout_make(&gpt, false, &wish), LAYOUT_TOO_SMALL);
	gpt.blocks++;
	CHECK_INT(layout_make(&gpt, false, &wish), LAYOUT_NEW);
	CHECK(is_at(LAYOUT_DATA, 513 * MIB, 577 * MIB - 1));
}

TEST(layout_keeps_data_that_begins_behind_the_esp_and_drops_all_else)
{
	static const uint8_t guid[GPT_GUID_LEN] = { 9 };

	gpt = (struct gpt){ .blocks = 2048 * MIB, .block_len = BLOCK };
	gpt_make(&gpt, guid);
	gpt_set(&gpt, 1, GPT_LINUX, guid, MIB, 2 * MIB - 1, "mitigator");
	gpt_set(&gpt, 5, GPT_LINUX, guid, 600 * MIB, 700 * MIB - 1, "mitigator-data");
	CHECK_INT(gpt_find(&gpt, "mitigator-dat"), 0);
	CHECK_INT(layout_make(&gpt, true, &wish), LAYOUT_KEPT);
	CHECK(is_at(LAYOUT_DATA, 600 * MIB, 700 * MIB - 1));
	CHECK_INT(gpt_guid(&gpt, LAYOUT_DATA)[0], 9);
	CHECK(gpt_is(&gpt, LAYOUT_ESP, GPT_ESP));
	CHECK(!gpt_guid(&gpt, 5));
}

TEST(layout_touches_nothing_where_the_data_begins_too_early)
{
	static const uint8_t guid[GPT_GUID_LEN] = { 9 };

	gpt = (struct gpt){ .blocks = 2048 * MIB, .block_len = BLOCK };
	gpt_make(&gpt, guid);
	gpt_set(&gpt, 1, GPT_LINUX, guid, 513 * MIB - 1, 700 * MIB - 1, "mitigator-data");
	CHECK_INT(layout_make(&gpt, true, &wish), LAYOUT_IN_THE_WAY);
	CHECK(is_at(1, 513 * MIB - 1, 700 * MIB - 1));
}

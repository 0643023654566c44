/* init/slot_name.h: names as systemd-boot counts them, versions in the order in which it takes them. */
#include "test.h"

#include <string.h>

#include "init/slot_name.h"

static bool reads(const char *name, const char *version, bool counted, unsigned left, unsigned done)
{
	struct slot slot;

	return slot_name_parse(name, &slot) && !strcmp(slot.version, version) && slot.counted == counted && slot.left == left &&
	       slot.done == done;
}

TEST(slot_name_is_read_with_and_without_a_counter)
{
	CHECK(reads("gateway_0.1.0.efi", "0.1.0", false, 0, 0));
	CHECK(reads("gateway_0.2.0+3.efi", "0.2.0", true, 3, 0));
	CHECK(reads("gateway_0.2.0+2-1.efi", "0.2.0", true, 2, 1));
	CHECK(reads("gateway_0.2.0+0-3.efi", "0.2.0", true, 0, 3));
	CHECK(reads("gateway_10.20.30~rc4+1.efi", "10.20.30~rc4", true, 1, 0));
	CHECK(reads("GATEWAY_0.1.0.EFI", "0.1.0", false, 0, 0));
}

TEST(slot_name_that_is_none_of_ours_is_left_alone)
{
	static const char *const names[] = {
		"", "gateway_.efi", "gateway_0.1.efi", "gateway_0.1.0", "gateway_0.1.0.efi.bak", "update.tmp", "gateway_0.1.0+.efi",
		"gateway_0.1.0+3-.efi", "gateway_0.1.0+3-1-1.efi", "gateway_0.1.0+100.efi", "gateway_0.1.0+-1.efi",
		"gateway_0.1.0+3+3.efi", "gateway_0.1.0.0.efi", "gateway_0.1.x.efi", "gateway_0.1.0~4.efi", "gateway_0.1.0~rc.efi",
		"gateway_1000000.0.0.efi", "other_0.1.0.efi", "gateway_0000000000000000000000000000000000000000001.0.0.efi",
	};
	struct slot slot;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		CHECK(!slot_name_parse(names[i], &slot));
}

TEST(slot_name_that_is_written_is_read_again)
{
	static const struct slot slots[] = { { "0.1.0", false, 0, 0 }, { "1.2.3~rc4", true, 3, 0 }, { "1.2.3", true, 0, 3 } };
	static const char *const names[] = { "gateway_0.1.0.efi", "gateway_1.2.3~rc4+3.efi", "gateway_1.2.3+0-3.efi" };
	char name[SLOT_NAME_LEN];

	for (size_t i = 0; i < sizeof(slots) / sizeof(slots[0]); i++) {
		slot_name(&slots[i], name);
		CHECK_STR(name, names[i]);
		CHECK(reads(name, slots[i].version, slots[i].counted, slots[i].left, slots[i].done));
	}
}

TEST(versions_are_in_the_loaders_order)
{
	static const char *const rising[] = { "0.1.0", "0.9.0", "0.10.0~rc1", "0.10.0~rc2", "0.10.0~rc10", "0.10.0", "0.10.1", "1.0.0" };
	enum { COUNT = sizeof(rising) / sizeof(rising[0]) };

	for (size_t i = 0; i < COUNT; i++)
		for (size_t j = 0; j < COUNT; j++) {
			int order = slot_compare_versions(rising[i], rising[j]);

			CHECK((i < j) == (order < 0) && (i > j) == (order > 0));
		}
	CHECK(slot_is_version("0.1.0") && slot_is_version("1.2.3~rc4") && !slot_is_version("") && !slot_is_version("1.2") &&
	      !slot_is_version("1.2.3 "));
}

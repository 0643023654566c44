/* init/bootentry.h by an entry as the UEFI specification lays it out. */
#include "test.h"

#include <errno.h>
#include <string.h>

#include "init/bootentry.h"

static const struct bootentry_partition esp = { .number = 1, .first = 2048, .blocks = 0x100000,
						.guid = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16 } };

TEST(boot_entry_has_the_bytes_of_the_specification)
{
	static const uint8_t wanted[] = {
		1, 0, 0, 0, 58, 0, 'G', 0, 0, 0,                              /* active, the paths' length, description */
		4, 1, 42, 0, 1, 0, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0,              /* 10.3.5.1: number, first block, */
		0, 0, 16, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8,              /* blocks, GUID, */
		9, 10, 11, 12, 13, 14, 15, 16, 2, 2,                          /* GPT, by GUID */
		4, 4, 12, 0, '\\', 0, 'E', 0, 'F', 0, 0, 0, 0x7f, 0xff, 4, 0, /* 10.3.5.4, the end */
	};
	uint8_t bytes[BOOTENTRY_MAX];
	char description[32];

	CHECK_INT(bootentry_make(bytes, "G", &esp, "\\EF"), sizeof(wanted));
	CHECK_MEM(bytes, wanted, sizeof(wanted));
	CHECK(bootentry_description(bytes, sizeof(wanted), description, sizeof(description)));
	CHECK_STR(description, "G");
}

TEST(boot_entry_longer_than_there_is_room_is_not_made)
{
	char path[BOOTENTRY_MAX];
	uint8_t bytes[BOOTENTRY_MAX];

	memset(path, 'a', sizeof(path));
	path[sizeof(path) - 1] = '\0';
	CHECK_INT(bootentry_make(bytes, "G", &esp, path), -ENAMETOOLONG);
}

TEST(description_without_its_end_is_none_and_a_long_one_is_cut)
{
	static const uint8_t entry[] = { 1, 0, 0, 0, 0, 0, 'a', 0, 0xe4, 0, 'c', 0, 0, 0 };
	char description[8], two[2];

	CHECK(bootentry_description(entry, sizeof(entry), description, sizeof(description)));
	CHECK_STR(description, "a?c");
	CHECK(bootentry_description(entry, sizeof(entry), two, sizeof(two)));
	CHECK_STR(two, "a");
	CHECK(!bootentry_description(entry, sizeof(entry) - 2, description, sizeof(description)));
	CHECK(!bootentry_description(entry, 0, description, sizeof(description)));
}

TEST(boot_order_has_ours_first_once_and_the_others_as_they_were)
{
	static const uint16_t first[] = { 7, 3 }, gone[] = { 9 }, wanted[] = { 7, 3, 1, 0, 2 };
	uint16_t order[8] = { 1, 3, 9, 0, 7, 2 };

	CHECK_INT(bootentry_order(order, 6, first, 2, gone, 1), 5);
	CHECK_MEM(order, wanted, sizeof(wanted));
	CHECK_INT(bootentry_order(order, 0, first, 2, gone, 1), 2);
	CHECK_MEM(order, first, sizeof(first));
}

TEST(guid_text_is_read_as_a_partition_table_has_it)
{
	static const uint8_t wanted[] = { 0x28, 0x73, 0x2a, 0xc1, 0x1f, 0xf8, 0xd2, 0x11,
					  0xba, 0x4b, 0x00, 0xa0, 0xc9, 0x3e, 0xc9, 0x3b };
	uint8_t guid[BOOTENTRY_GUID_LEN];

	CHECK(bootentry_guid("C12A7328-F81F-11D2-BA4B-00A0C93EC93b", guid));
	CHECK_MEM(guid, wanted, sizeof(wanted));
	CHECK(!bootentry_guid("C12A7328-F81F-11D2-BA4B-00A0C93EC93", guid));
	CHECK(!bootentry_guid("C12A7328xF81F-11D2-BA4B-00A0C93EC93b", guid));
	CHECK(!bootentry_guid("C12A7328-F81F-11D2-BA4B-00A0C93EC9-b", guid));
}

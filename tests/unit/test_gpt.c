/* init/gpt.h on a table as sgdisk writes it: an ESP and the persistent partition behind it. */
#include "test.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/bytes.h"
#include "init/gpt.h"

enum { BLOCK = 512, BLOCKS = 40960, MIB = 2048, TABLE = GPT_ENTRIES * GPT_ENTRY_LEN };

static struct gpt gpt;

static void entry(unsigned number, uint64_t first, uint64_t last)
{
	uint8_t *at = gpt.entries + (size_t)(number - 1) * GPT_ENTRY_LEN;

	memset(at, (int)number, 32);
	store_le64(at + 32, first);
	store_le64(at + 40, last);
}

/* A disk of BLOCKS with two partitions of 4 MiB, at 1 MiB and at 5 MiB. */
static int make_disk(void)
{
	int fd = memfd_create("disk", MFD_CLOEXEC);

	gpt = (struct gpt){ .blocks = BLOCKS, .block_len = BLOCK };
	memcpy(gpt.header, "EFI PART\0\0\1\0\x5c", 13);
	store_le64(gpt.header + 40, 34);
	store_le32(gpt.header + 80, GPT_ENTRIES);
	store_le32(gpt.header + 84, GPT_ENTRY_LEN);
	entry(1, MIB, 5 * MIB - 1);
	entry(2, 5 * MIB, 9 * MIB - 1);
	if (fd >= 0 && (ftruncate(fd, (off_t)BLOCKS * BLOCK) < 0 || gpt_write(&gpt, fd) < 0)) {
		close(fd);
		return -1;
	}
	return fd;
}

static void zero(int fd, uint64_t block)
{
	static const uint8_t nothing[BLOCK];

	(void)!pwrite(fd, nothing, sizeof(nothing), (off_t)(block * BLOCK));
}

static bool is_whole(int fd, uint64_t blocks)
{
	return gpt_read(&gpt, fd, blocks, BLOCK) == 0 && gpt.primary_whole && gpt.backup_whole;
}

TEST(table_that_was_written_is_whole_in_both_copies)
{
	struct gpt_partition partition;
	int fd = make_disk();

	CHECK(is_whole(fd, BLOCKS));
	CHECK(gpt_partition(&gpt, 2, &partition));
	CHECK_INT(partition.first, 5 * MIB);
	CHECK_INT(partition.last, 9 * MIB - 1);
	CHECK(!gpt_partition(&gpt, 3, &partition));
	CHECK(!gpt_partition(&gpt, 0, &partition));
	CHECK(!gpt_partition(&gpt, 129, &partition));
	close(fd);
}

TEST(disk_that_became_larger_gets_its_backup_at_its_new_end)
{
	int fd = make_disk();

	CHECK_INT(ftruncate(fd, (off_t)2 * BLOCKS * BLOCK), 0);
	CHECK_INT(gpt_read(&gpt, fd, 2 * BLOCKS, BLOCK), 0);
	CHECK(gpt.primary_whole && !gpt.backup_whole);
	CHECK_INT(gpt_write(&gpt, fd), 0);
	CHECK(is_whole(fd, 2 * BLOCKS));
	close(fd);
}

TEST(damaged_copy_is_restored_from_the_other)
{
	const uint64_t broken[] = { 1, 2, BLOCKS - 1, BLOCKS - 33 };

	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
		int fd = make_disk();
		bool primary = broken[i] < BLOCKS / 2;

		zero(fd, broken[i]);
		CHECK_INT(gpt_read(&gpt, fd, BLOCKS, BLOCK), 0);
		CHECK_INT(gpt.primary_whole, !primary);
		CHECK_INT(gpt.backup_whole, primary);
		CHECK_INT(gpt_write(&gpt, fd), 0);
		CHECK(is_whole(fd, BLOCKS));
		close(fd);
	}
}

TEST(disk_without_a_table_is_told_from_one_with_two_damaged_copies)
{
	int fd = make_disk();

	zero(fd, 2);
	zero(fd, BLOCKS - 33);
	CHECK_INT(gpt_read(&gpt, fd, BLOCKS, BLOCK), -EUCLEAN);
	zero(fd, 1);
	CHECK_INT(gpt_read(&gpt, fd, BLOCKS, BLOCK), -ENOMEDIUM);
	CHECK_INT(gpt_read(&gpt, fd, 4, BLOCK), -ENOMEDIUM);
	close(fd);
}

TEST(partition_grows_up_to_the_next_one_the_disks_end_or_the_most_allowed)
{
	struct gpt_partition partition;
	int fd = make_disk();

	CHECK(!gpt_grow(&gpt, 1, BLOCKS)); /* the second begins behind it */
	CHECK(gpt_grow(&gpt, 2, 8 * MIB));
	CHECK(gpt_partition(&gpt, 2, &partition));
	CHECK_INT(partition.first, 5 * MIB);
	CHECK_INT(partition.last, 13 * MIB - 1);
	CHECK(!gpt_grow(&gpt, 2, 2 * MIB)); /* never smaller */
	CHECK(gpt_grow(&gpt, 2, UINT64_MAX / 2));
	CHECK(gpt_partition(&gpt, 2, &partition));
	CHECK_INT(partition.last, 19 * MIB - 1); /* 20 MiB less the backup table's 33 blocks, in whole MiB */
	entry(3, 21 * MIB, 22 * MIB - 1);
	CHECK(!gpt_grow(&gpt, 7, BLOCKS));
	CHECK_INT(gpt_write(&gpt, fd), 0);
	CHECK(is_whole(fd, BLOCKS));
	close(fd);
}

TEST(mark_on_a_partition_outlives_writing_growing_and_another_number)
{
	struct gpt_partition partition;
	int fd = make_disk();

	CHECK(!gpt_is_marked(&gpt, 1) && !gpt_is_marked(&gpt, 2));
	CHECK(gpt_mark(&gpt, 2, true) && !gpt_mark(&gpt, 2, true) && !gpt_mark(&gpt, 3, true));
	CHECK_INT(gpt_write(&gpt, fd), 0);
	CHECK(is_whole(fd, BLOCKS));
	CHECK(!gpt_is_marked(&gpt, 1) && gpt_is_marked(&gpt, 2) && !gpt_is_marked(&gpt, 3));
	CHECK(gpt_grow(&gpt, 2, 8 * MIB));
	gpt_keep(&gpt, 2, 5);
	CHECK(gpt_is_marked(&gpt, 5) && gpt_partition(&gpt, 5, &partition) && partition.first == 5 * MIB);
	CHECK(gpt_mark(&gpt, 5, false) && !gpt_is_marked(&gpt, 5) && !gpt_mark(&gpt, 5, false));
	close(fd);
}

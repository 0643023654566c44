/* init/: when processes are started again, what a superblock says, what board.conf holds. */
#include "test.h"

#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "init/firmware.h"
#include "init/module_index.h"
#include "init/superblock.h"
#include "init/supervise.h"

static uint64_t s(uint64_t seconds)
{
	return seconds * NS_PER_S;
}

TEST(crash_is_answered_with_a_growing_wait_up_to_a_minute)
{
	static const uint64_t waits_s[] = { 1, 2, 4, 8, 16, 32, 60, 60 };
	struct supervised service = { 0 };
	uint64_t now_ns = s(100);

	CHECK_INT(supervise_step(&service, SUPERVISE_START, now_ns), SUPERVISE_SPAWN);
	for (size_t i = 0; i < sizeof(waits_s) / sizeof(waits_s[0]); i++) {
		CHECK_INT(supervise_step(&service, SUPERVISE_EXITED, now_ns), SUPERVISE_NOTHING);
		CHECK_INT(service.due_ns - now_ns, s(waits_s[i]));
		now_ns = service.due_ns;
		CHECK_INT(supervise_step(&service, SUPERVISE_DUE, now_ns), SUPERVISE_SPAWN);
	}
	CHECK_INT(service.restarts, 8);
}

TEST(service_that_was_ready_is_back_within_five_seconds_however_often_it_is_killed)
{
	struct supervised service = { 0 };
	uint64_t now_ns = s(100);

	supervise_step(&service, SUPERVISE_START, now_ns);
	supervise_step(&service, SUPERVISE_IS_READY, now_ns);
	for (int i = 0; i < 20; i++) {
		supervise_step(&service, SUPERVISE_EXITED, now_ns);
		CHECK(service.due_ns > now_ns && service.due_ns - now_ns <= s(5));
		now_ns = service.due_ns;
		CHECK_INT(supervise_step(&service, SUPERVISE_DUE, now_ns), SUPERVISE_SPAWN);
		if (i < 10) /* behind that it does not even come up */
			supervise_step(&service, SUPERVISE_IS_READY, now_ns);
	}
}

TEST(process_that_ran_for_a_minute_is_started_again_at_once)
{
	struct supervised service = { 0 };

	supervise_step(&service, SUPERVISE_START, s(1));
	for (int i = 0; i < 5; i++) {
		supervise_step(&service, SUPERVISE_EXITED, s(1));
		supervise_step(&service, SUPERVISE_DUE, s(1));
	}
	supervise_step(&service, SUPERVISE_EXITED, s(62));
	CHECK_INT(service.due_ns, s(63));
}

TEST(stop_terminates_then_kills_and_starts_nothing_again)
{
	struct supervised service = { 0 };

	supervise_step(&service, SUPERVISE_START, s(1));
	supervise_step(&service, SUPERVISE_IS_READY, s(2));
	CHECK_INT(supervise_step(&service, SUPERVISE_STOP, s(3)), SUPERVISE_TERMINATE);
	CHECK_INT(supervise_step(&service, SUPERVISE_STOP, s(4)), SUPERVISE_NOTHING);
	CHECK_INT(supervise_step(&service, SUPERVISE_DUE, service.due_ns), SUPERVISE_KILL);
	CHECK_INT(supervise_step(&service, SUPERVISE_EXITED, s(20)), SUPERVISE_NOTHING);
	CHECK_INT(service.state, SUPERVISE_DOWN);
	CHECK_INT(supervise_step(&service, SUPERVISE_DUE, s(99)), SUPERVISE_NOTHING);
}

TEST(stop_while_waiting_for_a_restart_is_down_at_once)
{
	struct supervised service = { 0 };

	supervise_step(&service, SUPERVISE_START, s(1));
	supervise_step(&service, SUPERVISE_EXITED, s(1));
	CHECK_INT(supervise_step(&service, SUPERVISE_STOP, s(1)), SUPERVISE_NOTHING);
	CHECK_INT(service.state, SUPERVISE_DOWN);
	CHECK_INT(service.due_ns, 0);
}

/* An ext4 superblock: magic at 0x38, state at 0x3a, incompatible features at 0x60, label at 0x78. */
TEST(file_system_is_clean_when_valid_without_errors_or_a_journal_to_replay)
{
	uint8_t block[SUPERBLOCK_LEN] = { [0x38] = 0x53, [0x39] = 0xef, [0x3a] = 1, [0x60] = 0xc2 };

	memcpy(block + 0x78, "mitigator-data", 14);
	CHECK(superblock_is_ext(block));
	CHECK(superblock_has_label(block, "mitigator-data"));
	CHECK(!superblock_has_label(block, "mitigator"));
	CHECK(superblock_is_clean(block));
	block[0x60] |= 4;
	CHECK(!superblock_is_clean(block));
	block[0x60] = 0xc2;
	block[0x3a] = 3;
	CHECK(!superblock_is_clean(block));
	block[0x3a] = 0;
	CHECK(!superblock_is_clean(block));
	block[0x38] = 0;
	CHECK(!superblock_is_ext(block));
}

TEST(file_system_that_is_given_up_is_known_by_it_and_found_by_its_label)
{
	uint8_t block[SUPERBLOCK_LEN] = { [0x38] = 0x53, [0x39] = 0xef, [0x3a] = 1, [0x60] = 0xc2 };

	memcpy(block + 0x78, "mitigator-data", 14);
	CHECK(!superblock_is_given_up(block));
	superblock_give_up(block);
	CHECK(superblock_is_given_up(block));
	CHECK(superblock_is_ext(block) && superblock_has_label(block, "mitigator-data"));
	CHECK_INT(block[0x60], 0xc2);
	CHECK_INT(block[0x63], 0x80);
}

/* As mke2fs leaves it: 16384 inodes, 11 of them used. Inodes at 0x00, free ones at 0x10, when and how often it was mounted at 0x2c
 * and 0x34. */
TEST(file_system_is_used_once_it_was_mounted_or_holds_a_file)
{
	const uint8_t made[SUPERBLOCK_LEN] = { [0x01] = 0x40, [0x10] = 0xf5, [0x11] = 0x3f, [0x38] = 0x53, [0x39] = 0xef };
	const struct {
		size_t at;
		uint8_t byte;
	} used[] = { { 0x10, 0xf4 }, { 0x11, 0x00 }, { 0x2c, 1 }, { 0x2f, 0x80 }, { 0x34, 1 }, { 0x35, 1 } };

	CHECK(!superblock_is_used(made));
	for (size_t i = 0; i < sizeof(used) / sizeof(used[0]); i++) {
		uint8_t block[SUPERBLOCK_LEN];

		memcpy(block, made, sizeof(block));
		block[used[i].at] = used[i].byte;
		CHECK(superblock_is_used(block));
	}
}

/* ---- depmod's files ---- */

static void gather(void *arg, struct slice word)
{
	struct text *text = arg;

	text_add(text, "%.*s ", SLICE_ARG(word));
}

TEST(module_is_found_by_name_alias_and_what_it_wants)
{
	const struct slice dep = slice_of("kernel/a/virtio_net.ko: kernel/failover.ko kernel/b.ko\nkernel/x.ko:\n");
	struct slice path, dependencies;
	char buf[128];
	struct text text;

	CHECK(module_find(dep, slice_of("virtio-net"), &path, &dependencies));
	CHECK(slice_equal(path, "kernel/a/virtio_net.ko"));
	CHECK(slice_equal(slice_trim(dependencies), "kernel/failover.ko kernel/b.ko"));
	CHECK(module_find(dep, slice_of("x"), &path, &dependencies) && !slice_trim(dependencies).len);
	CHECK(!module_find(dep, slice_of("virtio"), &path, &dependencies));
	CHECK(module_is_builtin(slice_of("kernel/fs/ext4.ko\n"), slice_of("ext4")));
	text_init(&text, buf, sizeof(buf));
	module_alias_each(slice_of("# c\nalias pci:v1AF4d*sv* virtio_pci\nalias pci:v8086d* e1000e\nalias pci:* any\n"),
			  "pci:v1AF4d1000sv0", gather, &text);
	CHECK_STR(buf, "virtio_pci any ");
	text_init(&text, buf, sizeof(buf));
	module_soft_each(slice_of("softdep a pre: b c post: d\nsoftdep e pre: f\n"), slice_of("a"), "pre:", gather, &text);
	CHECK_STR(buf, "b c ");
}

TEST(module_options_of_the_command_line_are_whole_or_none)
{
	char options[16];

	CHECK_INT(module_options(slice_of("quiet a-b.x=1 a_b.y=2 c.z=3\n"), slice_of("a_b"), options, sizeof(options)), 0);
	CHECK_STR(options, "x=1 y=2");
	CHECK_INT(module_options(slice_of("a.x=1234567 a.y=12345678"), slice_of("a"), options, sizeof(options)), -ENAMETOOLONG);
}

TEST(file_system_tells_its_size_in_blocks_of_its_own)
{
	/* 16384 blocks of 1 KiB; then 1 << 32 of 4 KiB */
	uint8_t block[SUPERBLOCK_LEN] = { [0x05] = 0x40, [0x38] = 0x53, [0x39] = 0xef };

	CHECK_INT(superblock_bytes(block), 16 << 20);
	block[0x18] = 2;
	block[0x05] = 0;
	block[0x150] = 1;
	CHECK_INT(superblock_bytes(block), 0);
	block[0x60] = 0x80;
	CHECK_INT(superblock_bytes(block), INT64_C(1) << 44);
	block[0x18] = 7; /* no file system has such blocks */
	CHECK_INT(superblock_bytes(block), 0);
}

TEST(efi_variable_is_text_behind_its_attributes)
{
	static const uint8_t entry[] = { 6, 0, 0, 0, 'g', 0, '_', 0, 0xe9, 0, '1', 0, 0, 0 };
	char text[8];

	CHECK_INT(firmware_text(entry, sizeof(entry), text, sizeof(text)), 4);
	CHECK_STR(text, "g_?1");
	CHECK_INT(firmware_text(entry, 4, text, sizeof(text)), 0);
	CHECK_INT(firmware_text(entry, 3, text, sizeof(text)), -EINVAL);
	CHECK_INT(firmware_text(entry, 7, text, sizeof(text)), -EINVAL);
	CHECK_INT(firmware_text(entry, sizeof(entry), text, 5), -EINVAL);
}

/* init/ended and init/pstore: what is said of how the boot before ended. */
#include "test.h"

#include "init/ended.h"
#include "init/pstore.h"

static const char *judged(struct ended_signs signs)
{
	static char words[256];

	ended_judge(&signs, words, sizeof(words));
	return words;
}

TEST(boot_before_ended_as_the_surest_sign_of_it_says)
{
	CHECK_STR(judged((struct ended_signs){ .written = "", .panic = "" }), "none is known");
	CHECK_STR(judged((struct ended_signs){ .written = "", .panic = "", .known = true }), "no one said why: a power cut, or a reset");
	CHECK_STR(judged((struct ended_signs){ .written = "", .panic = "", .known = true, .ordered = true }), "it was stopped in order");
	CHECK_STR(judged((struct ended_signs){ .written = "reboot: Ctrl-Alt-Del", .panic = "", .known = true }), "reboot: Ctrl-Alt-Del");
	CHECK_STR(judged((struct ended_signs){ .written = "", .panic = "Kernel panic - not syncing: x", .known = true }),
		  "the kernel: Kernel panic - not syncing: x (`log last-words`)");
	CHECK_STR(judged((struct ended_signs){ .written = "", .panic = "", .by_watchdog = true }), "the watchdog reset the machine");
	CHECK_STR(judged((struct ended_signs){ .written = "packets stand still", .panic = "", .by_watchdog = true }),
		  "the watchdog reset the machine: packets stand still");
	CHECK_STR(judged((struct ended_signs){ .written = "reboot\033[2J\xfc", .panic = "", .known = true }), "reboot?[2J?");
}

TEST(line_that_tells_most_of_last_words_is_the_panic_then_the_bug)
{
	struct slice line = pstore_telling(slice_of("Oops#1 Part1\n<1>[  1.0] BUG: kernel NULL pointer\n<0>[  2.0] Kernel panic - not syncing: Fatal\n"
						     "<4>[ 2.1] more\n"));

	CHECK(slice_equal(line, "Kernel panic - not syncing: Fatal"));
	line = pstore_telling(slice_of("<1>[  1.0] BUG: kernel NULL pointer\n<1>[ 1.1] Oops: 0002 [#1]\n"));
	CHECK(slice_equal(line, "BUG: kernel NULL pointer"));
	CHECK_INT(pstore_telling(slice_of("nothing\nof it")).len, 0);
	CHECK_INT(pstore_telling(slice_of("")).len, 0);
}

/* As efi-pstore names them: time, part (1 is the last said), count. */
TEST(parts_of_last_words_come_in_the_order_in_which_they_were_said)
{
	CHECK(pstore_compare("dmesg-efi_pstore-170000000003001", "dmesg-efi_pstore-170000000002001") < 0);
	CHECK(pstore_compare("dmesg-efi_pstore-170000000009001", "dmesg-efi_pstore-170000000010001") > 0);
	CHECK(pstore_compare("dmesg-ramoops-10", "dmesg-ramoops-9") < 0);
	CHECK_INT(pstore_compare("dmesg-ramoops-1", "dmesg-ramoops-1"), 0);
}

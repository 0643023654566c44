/* init/verdict: whether an image on trial is good, by a clock of the test's own. */
#include "test.h"

#include <string.h>

#include "base/clock.h"
#include "init/verdict.h"

static struct verdict verdict;

static uint64_t s(uint64_t seconds)
{
	return seconds * NS_PER_S;
}

/* The services begin at 1000 s. */
static void begin(void)
{
	verdict_begin(&verdict, BOOT_GOOD_S, BOOT_CARRIER_S, s(990));
	verdict_services(&verdict, s(1000));
}

static struct verdict_seen heard(unsigned management, unsigned dataplane)
{
	return (struct verdict_seen){ .nics_up = true, .paths = { { true, 2, management }, { true, 2, dataplane } } };
}

static enum verdict_decision see(struct verdict_seen seen, uint64_t at_s)
{
	return verdict_step(&verdict, &seen, s(at_s));
}

static enum verdict_decision wait_until(uint64_t at_s)
{
	return verdict_step(&verdict, NULL, s(at_s));
}

static const char *why(void)
{
	static char words[VERDICT_WHY_LEN];

	verdict_why(&verdict, words);
	return words;
}

TEST(image_is_good_once_all_who_were_alive_are_heard_on_both_paths)
{
	begin();
	CHECK_INT(see(heard(0, 0), 1010), VERDICT_WAIT);
	CHECK_INT(see(heard(2, 1), 1020), VERDICT_WAIT);
	CHECK_INT(see(heard(2, 2), 1021), VERDICT_GOOD);
	CHECK_STR(why(), "management 2 of 2 peers heard; dataplane 2 of 2 peers heard");
}

TEST(image_whose_path_hears_none_of_them_is_bad_at_its_time_and_says_so)
{
	struct verdict_seen seen = heard(2, 0);

	begin();
	seen.paths[1].up = false;
	CHECK_INT(see(seen, 1899), VERDICT_WAIT);
	CHECK_INT(wait_until(1900), VERDICT_BAD);
	CHECK_STR(why(), "management 2 of 2 peers heard; dataplane is down, 0 of 2 peers heard");
}

TEST(peer_that_is_off_itself_condemns_no_image_but_one_of_two_has_to_be_heard)
{
	begin();
	CHECK_INT(see(heard(1, 2), 1010), VERDICT_WAIT);
	CHECK_INT(wait_until(1899), VERDICT_WAIT);
	CHECK_INT(wait_until(1900), VERDICT_GOOD);
	begin();
	CHECK_INT(see(heard(0, 2), 1010), VERDICT_WAIT);
	CHECK_INT(wait_until(1900), VERDICT_BAD);
}

TEST(image_without_peers_to_hear_is_good_after_two_minutes_without_a_fault)
{
	struct verdict_seen seen = { .nics_up = true, .paths = { { .up = true }, { .up = true } } };

	begin();
	CHECK_INT(see(seen, 1010), VERDICT_WAIT);
	CHECK_INT(wait_until(1129), VERDICT_WAIT);
	seen.restarts = 1; /* of a service that crashed meanwhile */
	CHECK_INT(see(seen, 1129), VERDICT_WAIT);
	CHECK_INT(see(seen, 1130), VERDICT_WAIT);
	seen.paths[0].up = false;
	CHECK_INT(see(seen, 1200), VERDICT_WAIT);
	seen.paths[0].up = true;
	CHECK_INT(see(seen, 1201), VERDICT_WAIT);
	CHECK_INT(wait_until(1320), VERDICT_WAIT);
	CHECK_INT(wait_until(1321), VERDICT_GOOD);
	CHECK_STR(why(), "management is up; dataplane is up");
}

TEST(image_has_at_most_half_of_its_time_to_be_without_a_fault)
{
	const struct verdict_seen seen = { .nics_up = true, .paths = { { .up = true }, { .up = true } } };

	verdict_begin(&verdict, 20, 40, s(0));
	verdict_services(&verdict, s(5));
	CHECK_INT(see(seen, 6), VERDICT_WAIT);
	CHECK_INT(wait_until(15), VERDICT_WAIT);
	CHECK_INT(wait_until(16), VERDICT_GOOD);
}

TEST(path_that_had_no_peers_has_to_be_up_beside_the_one_that_is_heard)
{
	struct verdict_seen seen = heard(2, 0);

	begin();
	seen.paths[1] = (struct verdict_path){ .up = false };
	CHECK_INT(see(seen, 1010), VERDICT_WAIT);
	CHECK_INT(wait_until(1900), VERDICT_BAD);
	CHECK_STR(why(), "management 2 of 2 peers heard; dataplane is down");
}

TEST(verdict_waits_for_carrier_and_begins_its_time_anew_with_it)
{
	struct verdict_seen seen = heard(0, 0);

	begin();
	seen.dark = 1;
	CHECK_INT(see(seen, 1001), VERDICT_WAIT);
	CHECK_INT(wait_until(3000), VERDICT_WAIT);
	seen.dark = 0;
	CHECK_INT(see(seen, 3001), VERDICT_WAIT);
	CHECK_INT(wait_until(3900), VERDICT_WAIT);
	CHECK_INT(wait_until(3901), VERDICT_BAD);
	begin();
	seen.dark = 1;
	CHECK_INT(see(seen, 1001), VERDICT_WAIT);
	CHECK_INT(see(heard(2, 2), 3001), VERDICT_GOOD);
}

TEST(image_that_never_gets_carrier_is_bad_whoever_is_heard)
{
	struct verdict_seen seen = heard(2, 2);

	begin();
	seen.dark = 1;
	CHECK_INT(see(seen, 1001), VERDICT_WAIT);
	CHECK_INT(wait_until(4599), VERDICT_WAIT);
	CHECK_INT(wait_until(4600), VERDICT_BAD);
	CHECK(strstr(why(), "1 NIC without carrier that had it before; "));
}

TEST(carrier_that_comes_and_goes_ends_in_a_verdict)
{
	struct verdict_seen seen = heard(0, 0);
	uint64_t at_s = 1000;

	begin();
	while (at_s < 100000) {
		seen.dark = !seen.dark;
		if (see(seen, at_s += 100) == VERDICT_BAD)
			break;
	}
	CHECK(at_s <= 1000 + BOOT_CARRIER_S + BOOT_GOOD_S);
}

TEST(nic_that_is_missing_is_not_waited_for)
{
	struct verdict_seen seen = heard(2, 2);

	begin();
	seen.absent = 1;
	CHECK_INT(see(seen, 1010), VERDICT_WAIT);
	CHECK_INT(wait_until(1900), VERDICT_BAD);
	CHECK(strstr(why(), "1 NIC missing that had carrier before; "));
}

TEST(image_whose_boot_does_not_end_or_that_no_one_can_tell_of_is_bad)
{
	verdict_begin(&verdict, 20, 40, s(1));
	CHECK_INT(wait_until(120), VERDICT_WAIT);
	CHECK_INT(wait_until(121), VERDICT_BAD);
	CHECK_STR(why(), "the boot steps do not end");
	begin();
	CHECK_INT(wait_until(1899), VERDICT_WAIT);
	CHECK_INT(wait_until(1900), VERDICT_BAD);
	CHECK_STR(why(), "the services cannot be asked");
}

TEST(what_is_seen_is_nine_numbers_and_nothing_else)
{
	struct verdict_seen seen;

	CHECK(verdict_parse(slice_of("1 1 2 1 0 3 0 4 5"), &seen));
	CHECK(seen.nics_up && seen.paths[0].up && !seen.paths[1].up);
	CHECK_INT(seen.paths[0].count, 2);
	CHECK_INT(seen.paths[0].heard, 1);
	CHECK_INT(seen.paths[1].count, 3);
	CHECK_INT(seen.dark, 4);
	CHECK_INT(seen.absent, 5);
	CHECK(!verdict_parse(slice_of("1 1 2 1 0 3 0 4"), &seen));
	CHECK(!verdict_parse(slice_of("1 1 2 1 0 3 0 4 5 6"), &seen));
	CHECK(!verdict_parse(slice_of("1 1 2 1 0 3 0 4 -5"), &seen));
	CHECK(!verdict_parse(slice_of(""), &seen));
}

/* init/pulse: when a process whose loop stands still is killed, and when it is left alone. */
#include "test.h"

#include <string.h>

#include "init/pulse.h"

static const struct pulse_process asleep = { 'S', 100 }, stopped = { 'T', 100 }, on_disk = { 'D', 100 };

static struct slice text_of(const char *text)
{
	return (struct slice){ text, strlen(text) };
}

/* The tick, counted from 1, of the first action of that kind; 0: none in so many. */
static unsigned first(struct pulse *pulse, const struct pulse_process *process, enum pulse_action wanted, unsigned ticks)
{
	for (unsigned i = 1; i <= ticks; i++)
		if (pulse_tick(pulse, process) == wanted)
			return i;
	return 0;
}

static struct pulse after(char byte)
{
	struct pulse pulse;

	pulse_begin(&pulse);
	pulse_told(&pulse, byte);
	return pulse;
}

TEST(process_that_stands_still_for_ten_seconds_is_killed_once)
{
	const struct pulse_process *const kinds[] = { &asleep, &stopped };

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		struct pulse pulse = after(PULSE_TURNS);

		CHECK_INT(first(&pulse, kinds[i], PULSE_KILL, 100) * PULSE_TICK_S, PULSE_STANDS_S);
		CHECK_INT(first(&pulse, kinds[i], PULSE_KILL, 100), 0);
	}
}

TEST(process_that_tells_again_is_never_killed)
{
	struct pulse pulse = after(PULSE_TURNS);

	for (int i = 0; i < 100; i++) {
		CHECK_INT(first(&pulse, &asleep, PULSE_KILL, 4), 0);
		pulse_told(&pulse, PULSE_TURNS);
	}
}

TEST(process_that_told_nothing_yet_may_take_its_time)
{
	struct pulse pulse;

	pulse_begin(&pulse);
	CHECK_INT(first(&pulse, &asleep, PULSE_KILL, 1000), 0);
}

TEST(process_that_waits_for_a_disk_is_left_alone_and_that_is_said_once)
{
	struct pulse pulse = after(PULSE_TURNS);

	CHECK_INT(first(&pulse, &on_disk, PULSE_LEAVE, 100) * PULSE_TICK_S, PULSE_STANDS_S);
	for (int i = 0; i < 1000; i++)
		CHECK_INT(pulse_tick(&pulse, &on_disk), PULSE_NOTHING);
}

TEST(process_that_says_that_only_a_reset_helps_is_given_up_while_it_does)
{
	struct pulse pulse = after(PULSE_LOST);

	CHECK_INT(pulse_tick(&pulse, &asleep), PULSE_GIVE_UP);
	pulse_told(&pulse, PULSE_LOST);
	CHECK_INT(pulse_tick(&pulse, &asleep), PULSE_GIVE_UP);
	pulse_told(&pulse, PULSE_TURNS);
	CHECK_INT(pulse_tick(&pulse, &asleep), PULSE_NOTHING);
	/* Its word is of no worth once it stands still itself. */
	pulse_told(&pulse, PULSE_LOST);
	CHECK(first(&pulse, &asleep, PULSE_KILL, 100));
}

TEST(process_that_was_killed_in_vain_is_never_given_up)
{
	struct pulse pulse = after(PULSE_TURNS);

	CHECK(first(&pulse, &asleep, PULSE_KILL, 100));
	CHECK_INT(first(&pulse, &on_disk, PULSE_GIVE_UP, 1000), 0);
}

TEST(process_that_runs_in_a_circle_is_killed_and_one_that_gets_no_processor_is_not)
{
	struct pulse busy = after(PULSE_TURNS), starved = after(PULSE_TURNS);
	struct pulse_process process = { 'R', 1000 };
	unsigned ticks = 0;

	/* Half of a processor: five seconds of it are over after ten. */
	while (pulse_tick(&busy, &process) != PULSE_KILL && ticks++ < 100)
		process.cpu_ms += PULSE_TICK_S * 1000 / 2;
	CHECK_INT(process.cpu_ms, 1000 + PULSE_BUSY_MS);
	process = (struct pulse_process){ 'R', 1000 };
	CHECK_INT(first(&starved, &process, PULSE_KILL, 1000), 0);
}

TEST(process_that_was_just_given_the_processor_may_tell_first)
{
	struct pulse pulse = after(PULSE_TURNS);
	const struct pulse_process starved = { 'R', 1000 };

	CHECK_INT(first(&pulse, &starved, PULSE_KILL, 20), 0);
	CHECK_INT(pulse_tick(&pulse, &asleep), PULSE_NOTHING);
	CHECK_INT(pulse_tick(&pulse, &asleep), PULSE_NOTHING);
	CHECK_INT(pulse_tick(&pulse, &asleep), PULSE_KILL);
}

TEST(process_that_the_kernel_does_not_know_is_not_judged)
{
	struct pulse pulse = after(PULSE_TURNS);

	CHECK_INT(first(&pulse, NULL, PULSE_KILL, 1000), 0);
	CHECK_INT(pulse.missed, 0);
}

TEST(state_and_processor_time_are_read_whatever_the_process_is_called)
{
	struct pulse_process process;

	CHECK(pulse_parse(text_of("77 (a) R 9 (b c) S 1 77 77 0 -1 4194560 1 2 3 4 150 25 0 0 20 0 1 0 5 6\n"), &process));
	CHECK_INT(process.state, 'S');
	CHECK_INT(process.cpu_ms, 1750);
	CHECK(!pulse_parse(text_of("77 (gateway) S 1 77 77 0 -1 4194560 1 2 3 4 150"), &process));
	CHECK(!pulse_parse(text_of("77 (gateway) S 1 77 77 0 -1 4194560 1 2 3 4 x y 0"), &process));
	CHECK(!pulse_parse(text_of("77 gateway S 1"), &process));
	CHECK(!pulse_parse(text_of(""), &process));
}

/* When a change that waits for its time is applied. */
#include <stdint.h>
#include <stdlib.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/paths.h"
#include "config/schedule.h"
#include "config/scheduled.h"
#include "test.h"

enum { MIDNIGHT = 1795824000, HOUR = 3600 }; /* 2026-11-28 00:00:00 UTC */

TEST(scheduled_time_is_the_next_one_that_the_clock_shows)
{
	static const struct {
		const char *text;
		int64_t now_s, at_s;
	} cases[] = {
		{ "14:00", MIDNIGHT + 13 * HOUR, MIDNIGHT + 14 * HOUR },
		{ "14:00:30", MIDNIGHT + 14 * HOUR, MIDNIGHT + 14 * HOUR + 30 },
		{ "9:05", MIDNIGHT, MIDNIGHT + 9 * HOUR + 300 },
		{ "0:30", MIDNIGHT + 23 * HOUR, MIDNIGHT + 24 * HOUR + 1800 },
		{ "00:00", MIDNIGHT + 23 * HOUR + 3599, MIDNIGHT + 24 * HOUR },
		{ "14:00", MIDNIGHT + 15 * HOUR, MIDNIGHT + 38 * HOUR },
		{ "23:59:59", MIDNIGHT + 2 * HOUR, MIDNIGHT + 24 * HOUR - 1 },
	};
	int64_t at_s;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		CHECK_INT(schedule_time(cases[i].text, cases[i].now_s, &at_s), SCHEDULE_OK);
		CHECK_INT(at_s, cases[i].at_s);
	}
}

TEST(scheduled_time_that_was_just_now_is_not_tomorrows)
{
	static const int64_t late_s[] = { 0, 1, 60, HOUR - 1 };
	int64_t at_s;

	for (size_t i = 0; i < sizeof(late_s) / sizeof(late_s[0]); i++) {
		CHECK_INT(schedule_time("14:00", MIDNIGHT + 14 * HOUR + late_s[i], &at_s), SCHEDULE_IS_OVER);
		CHECK_INT(at_s, MIDNIGHT + 14 * HOUR);
	}
	CHECK_INT(schedule_time("23:59", MIDNIGHT + 600, &at_s), SCHEDULE_IS_OVER); /* yesterday */
	CHECK_INT(at_s, MIDNIGHT - 60);
	CHECK_INT(schedule_time("14:00", MIDNIGHT + 15 * HOUR, &at_s), SCHEDULE_OK); /* the control */
}

TEST(scheduled_time_is_one_of_the_day)
{
	static const char *const bad[] = { "", "14", "14:", ":00", "24:00", "14:60", "14:00:60", "14:0", "140:0", "14:00:00:00", "14:00:",
					   "-1:00", "14.00", " 14:00", "now", "99999999999:00" };
	int64_t at_s;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK_INT(schedule_time(bad[i], MIDNIGHT, &at_s), SCHEDULE_NO_TIME);
}

TEST(scheduled_change_is_read_as_it_was_written)
{
	static const char *const bad[] = { "", "12\n", "12 5\n", "12 5 soon\n", "-1 5 waits\n", "12 x waits\n" };
	char dir[] = "/tmp/scheduled.XXXXXX";
	int dir_fd = mkdtemp(dir) ? open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	const struct scheduled scheduled = { .at_s = MIDNIGHT, .confirm_min = 5, .step = SCHEDULED_BEGUN };
	struct scheduled back;
	char text[256];

	CHECK(dir_fd >= 0);
	CHECK(!scheduled_read(dir_fd, &back));
	CHECK_INT(scheduled_write(dir_fd, &scheduled), 0);
	CHECK(scheduled_read(dir_fd, &back));
	CHECK_INT(back.at_s, scheduled.at_s);
	CHECK_INT(back.confirm_min, 5);
	CHECK_INT(back.step, SCHEDULED_BEGUN);
	CHECK(file_read(dir_fd, SCHEDULED_FILE, text, sizeof(text)) > 0);
	CHECK_STR(strchr(text, '\n') + 1, "`reconfigure` waits for 2026-11-28 00:00:00 UTC, then 5 min for `confirm`; `undo` cancels it\n");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		CHECK_INT(file_replace(dir_fd, SCHEDULED_FILE, bad[i], strlen(bad[i]), 0600), 0);
		CHECK(!scheduled_read(dir_fd, &back));
	}
	scheduled_remove(dir_fd);
	CHECK(!scheduled_read(dir_fd, &back));
	close(dir_fd);
	CHECK_INT(rmdir(dir), 0);
}

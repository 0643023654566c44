/* init/clockfloor: what is thought of the clock that a machine comes with. */
#include "test.h"

#include <string.h>

#include "base/built.h"
#include "init/clockfloor.h"

enum { DAY_S = 86400, YEAR_S = 365 * DAY_S, BUILT = 50 * YEAR_S };

TEST(clock_is_judged_by_the_last_time_known)
{
	static const struct clock_mark none, running = { true, false, BUILT + YEAR_S }, stopped = { true, true, BUILT + YEAR_S },
					     older = { true, true, BUILT - YEAR_S };
	static const struct {
		const struct clock_mark *mark;
		int64_t now_s, built_s;
		enum clock_verdict verdict;
		int64_t set_s; /* looked at unless it is trusted */
	} rows[] = {
		{ &none, BUILT + DAY_S, BUILT, CLOCK_TRUSTED, 0 },
		{ &none, 0, BUILT, CLOCK_BEHIND, BUILT },
		{ &none, 0, 0, CLOCK_TRUSTED, 0 },
		{ &none, 99 * (int64_t)YEAR_S, 0, CLOCK_TRUSTED, 0 },
		{ &none, BUILT + 3 * YEAR_S, BUILT, CLOCK_AHEAD, BUILT },
		/* a crash: nothing tells for how long it ran on */
		{ &running, BUILT, BUILT, CLOCK_BEHIND, BUILT + YEAR_S + CLOCKFLOOR_INTERVAL_S },
		{ &running, BUILT + YEAR_S, BUILT, CLOCK_TRUSTED, 0 },
		{ &running, BUILT + 9 * (int64_t)YEAR_S, BUILT, CLOCK_AHEAD, BUILT + YEAR_S + CLOCKFLOOR_INTERVAL_S },
		/* an orderly stop */
		{ &stopped, BUILT, BUILT, CLOCK_BEHIND, BUILT + YEAR_S },
		{ &stopped, BUILT + YEAR_S - 1, BUILT, CLOCK_BEHIND, BUILT + YEAR_S },
		{ &stopped, BUILT + 3 * YEAR_S, BUILT, CLOCK_TRUSTED, 0 },
		{ &stopped, BUILT + YEAR_S + CLOCKFLOOR_AHEAD_MAX_S, BUILT, CLOCK_TRUSTED, 0 },
		{ &stopped, BUILT + YEAR_S + CLOCKFLOOR_AHEAD_MAX_S + 1, BUILT, CLOCK_AHEAD, BUILT + YEAR_S },
		/* a newer system than the mark */
		{ &older, BUILT - DAY_S, BUILT, CLOCK_BEHIND, BUILT },
		{ &older, BUILT + YEAR_S, BUILT, CLOCK_TRUSTED, 0 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int64_t set_s = -1;

		CHECK_INT(clockfloor_judge(rows[i].now_s, rows[i].mark, rows[i].built_s, &set_s), rows[i].verdict);
		if (rows[i].verdict != CLOCK_TRUSTED)
			CHECK_INT(set_s, rows[i].set_s);
	}
}

TEST(build_date_is_the_kernels)
{
	char text[CLOCK_TEXT_LEN];
	int64_t s = built_in("#1 SMP PREEMPT_DYNAMIC Debian 6.12.117-1~deb12u1 (2026-11-14)");

	CHECK_INT(s, 1794614400);
	CHECK_STR(clockfloor_text(s, text), "2026-11-14 00:00:00 UTC");
	CHECK_INT(built_in("#1 SMP Sat Nov 14 12:56:01 UTC 2026"), 0);
	CHECK_INT(built_in("(2026-11-14) more"), 0);
	CHECK_INT(built_in(""), 0);
}

#include "config/schedule.h"

#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/text.h"
#include "config/commit.h"
#include "config/say.h"
#include "config/scheduled.h"

enum { S_PER_MIN = 60, S_PER_HOUR = 3600, S_PER_DAY = 86400, FIELDS = 3 };

/* "14:00", "9:30:15": seconds of the day, or -1. */
static int64_t read_time(const char *text)
{
	static const uint64_t most[FIELDS] = { 23, 59, 59 };
	struct slice rest = slice_of(text), field;
	uint64_t values[FIELDS] = { 0 };
	size_t count = 0;

	while (slice_cut(&rest, ':', &field)) {
		if (count == FIELDS || field.len > 2 || (count && field.len < 2) || text_uint(field, most[count], &values[count]))
			return -1;
		count++;
	}
	return count < 2 ? -1 : (int64_t)(values[0] * S_PER_HOUR + values[1] * S_PER_MIN + values[2]);
}

enum schedule_verdict schedule_time(const char *text, int64_t now_s, int64_t *at_s)
{
	int64_t of_day = read_time(text), ago_s;

	if (of_day < 0)
		return SCHEDULE_NO_TIME;
	*at_s = now_s - now_s % S_PER_DAY + of_day;
	if (*at_s > now_s)
		*at_s -= S_PER_DAY;
	ago_s = now_s - *at_s;
	if (ago_s < SCHEDULE_PAST_S)
		return SCHEDULE_IS_OVER;
	*at_s += S_PER_DAY;
	return SCHEDULE_OK;
}

int64_t schedule_when(const struct owner *owner, const char *text)
{
	int64_t now_s = time(NULL), at_s;
	char now[SCHEDULED_TIME_LEN], ago[SCHEDULED_SPAN_LEN];

	switch (schedule_time(text, now_s, &at_s)) {
	case SCHEDULE_OK:
		return owner_waits(owner) ? -1 : at_s;
	case SCHEDULE_NO_TIME:
		say_err("%s is no time of the day: HH:MM or HH:MM:SS, in UTC. Nothing waits for it", text);
		break;
	case SCHEDULE_IS_OVER:
		say_err("%s was %s ago: it is %s UTC here. Nothing waits for it", text, scheduled_span(now_s - at_s, ago),
			scheduled_date(now_s, now));
		break;
	}
	return -1;
}

static void tell(int run_fd, const struct scheduled *scheduled)
{
	int64_t now_s = time(NULL);
	char date[SCHEDULED_TIME_LEN], now[SCHEDULED_TIME_LEN], span[SCHEDULED_SPAN_LEN];

	say("it is applied at %s UTC, in %s; `undo` cancels it.", scheduled_date(scheduled->at_s, date),
	    scheduled_span(scheduled->at_s - now_s, span));
	say("The clock of this instance says %s now: compare it with the others'.", scheduled_clock(now_s, now));
	if (!scheduled_trusts_clock(run_fd))
		say("It is NOT trusted (`clock`): nothing is applied by it before `clock set`.");
}

static int keep(const struct owner *owner, const struct conf_set *set, const struct scheduled *scheduled)
{
	int err = scheduled_put(owner->generations.run_fd, scheduled, set);

	if (err < 0) {
		say_err("%s: %s: nothing waits", owner->run_dir, strerror(-err));
		return 1;
	}
	err = owner->store_err < 0 ? owner->store_err : scheduled_keep(owner->store.dir_fd, scheduled, set);
	if (err < 0)
		say_err("warning: the partition did not take it: %s: a reboot forgets what waits", strerror(-err));
	tell(owner->generations.run_fd, scheduled);
	return 0;
}

int schedule_commit(struct owner *owner, const struct conf_set *set, int64_t at_s)
{
	struct scheduled scheduled = { .at_s = at_s, .confirm_min = owner->confirm_min };
	int status = owner_plan_set(owner, set, "nothing waits");

	return status ? status : keep(owner, set, &scheduled);
}

/* Memory first: that is what counts until the next boot, and no disk holds it up. */
bool schedule_cancel(struct owner *owner)
{
	struct scheduled scheduled;
	char date[SCHEDULED_TIME_LEN];
	int err;

	if (!scheduled_read(owner->generations.run_fd, &scheduled))
		return false;
	scheduled_remove(owner->generations.run_fd);
	say("what waited for %s UTC is cancelled; the files stay as they are", scheduled_date(scheduled.at_s, date));
	err = owner_load(owner) ? 0 : owner->store_err < 0 ? owner->store_err : scheduled_drop(owner->store.dir_fd, &scheduled);
	if (err < 0)
		say_err("warning: the partition did not take that: %s: a boot before that time finds it again", strerror(-err));
	return true;
}

#include "config/due.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/pending.h"
#include "base/text.h"
#include "conf/set_pool.h"
#include "config/files.h"
#include "config/say.h"
#include "config/scheduled.h"

/* Late by more than that, since the clock was set over it, it is not applied: whoever set it is there to say so. */
enum { LATE_MAX_S = 60, LINE_LEN = 512 };

static int timer_fd = -1;

/* ---- the time ---- */

int due_open(void)
{
	timer_fd = timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC | TFD_NONBLOCK);
	return timer_fd < 0 ? -errno : timer_fd;
}

/* Of the wall's clock to one that no one sets. */
static int64_t clock_offset_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec - (int64_t)(clock_now_ns() / NS_PER_S);
}

/* at_s 0: for nothing. Whether the clock was set meanwhile. */
static bool timer_arm(int64_t at_s)
{
	const struct itimerspec at = { .it_value = { .tv_sec = at_s } };
	uint64_t expired;
	bool stepped = read(timer_fd, &expired, sizeof(expired)) < 0 && errno == ECANCELED;

	/* It may say so here as well, and is armed then. */
	return (timerfd_settime(timer_fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &at, NULL) < 0 && errno == ECANCELED) || stepped;
}

static void tell_step(const struct scheduled *scheduled, int64_t stepped_s)
{
	int64_t left_s = scheduled->at_s - time(NULL);
	char clock[SCHEDULED_TIME_LEN], step[SCHEDULED_SPAN_LEN], left[SCHEDULED_SPAN_LEN];

	if (stepped_s)
		log_err("the clock was set %s %s: what waits for %s UTC comes in %s", stepped_s > 0 ? "forward by" : "back by",
			scheduled_span(stepped_s > 0 ? stepped_s : -stepped_s, step), scheduled_clock(scheduled->at_s, clock),
			scheduled_span(left_s > 0 ? left_s : 0, left));
}

static int64_t distrusted_s; /* the time that waits for a clock that is trusted, 0: none does */

/* Once, each way. */
static void tell_trust(const struct scheduled *scheduled, bool trusted)
{
	char date[SCHEDULED_TIME_LEN];

	(void)scheduled_date(scheduled->at_s, date);
	if (!trusted && distrusted_s != scheduled->at_s)
		log_err("the clock is not trusted (`clock`): what waits for %s UTC is not applied before `clock set`", date);
	if (trusted && distrusted_s)
		log_info("the clock was set: what waits for %s UTC goes by it", date);
	distrusted_s = trusted ? 0 : scheduled->at_s;
}

/* Whether it may be applied, by this clock. */
static bool has_come(int run_fd, const struct scheduled *scheduled)
{
	return scheduled->step == SCHEDULED_BEGUN || (time(NULL) >= scheduled->at_s && scheduled_trusts_clock(run_fd));
}

bool due_is(int run_fd, pid_t *process)
{
	static int64_t offset_s;
	struct scheduled scheduled;
	bool waits = scheduled_read(run_fd, &scheduled), ahead = waits && !has_come(run_fd, &scheduled);
	bool trusted = scheduled_trusts_clock(run_fd), stepped = timer_arm(ahead && trusted ? scheduled.at_s : 0);
	int64_t before_s = offset_s;

	offset_s = clock_offset_s();
	*process = 0;
	if (!waits) {
		distrusted_s = 0;
		return false;
	}
	if (stepped)
		tell_step(&scheduled, offset_s - before_s);
	if (scheduled.step != SCHEDULED_BEGUN)
		tell_trust(&scheduled, trusted);
	if (ahead)
		return false;
	*process = generations_owner(run_fd);
	return !*process;
}

/* ---- when it has come ---- */

/* What a commit says goes to a console; here there is none, and each line is one of the log. */
struct said {
	int out, err, log;
};

static bool said_open(struct said *said)
{
	said->out = memfd_create("said", MFD_CLOEXEC);
	said->err = memfd_create("said", MFD_CLOEXEC);
	said->log = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	return said->out >= 0 && said->err >= 0 && said->log >= 0 && dup2(said->out, STDOUT_FILENO) >= 0 &&
	       dup2(said->err, STDERR_FILENO) >= 0;
}

static void log_lines(int fd, bool failed)
{
	FILE *lines = lseek(fd, 0, SEEK_SET) < 0 ? NULL : fdopen(fd, "r");
	char line[LINE_LEN];

	while (lines && fgets(line, sizeof(line), lines)) {
		struct slice text = { line, 0 };

		while (line[text.len] && line[text.len] != '\n')
			text.len++;
		text = slice_trim(text);
		if (failed || slice_starts(text, "warning: "))
			log_err("%.*s", SLICE_ARG(text));
		else if (text.len)
			log_info("%.*s", SLICE_ARG(text));
	}
	if (lines)
		(void)fclose(lines);
}

static void said_tell(const struct said *said, bool failed)
{
	(void)fflush(stdout);
	if (said->log >= 0)
		(void)dup2(said->log, STDERR_FILENO);
	say_to_log();
	log_lines(said->out, false);
	log_lines(said->err, failed);
}

static int due_commit(struct owner *owner, const struct scheduled *scheduled)
{
	struct conf_set *set = calloc(1, sizeof(*set)); /* in a process that ends with it */
	int fd = set ? scheduled_files(owner->generations.run_fd) : -ENOMEM, status = 1;
	char summary[CONF_SUMMARY_LEN], by[ABOUT_BY_LEN], clock[SCHEDULED_TIME_LEN];

	if (fd < 0) {
		say_err("its files cannot be read: %s", strerror(-fd));
		free(set);
		return status;
	}
	/* No one is here to be asked; where one instance alone held back, the cluster would be of two minds. */
	owner->force = true;
	owner->confirm_min = scheduled->confirm_min;
	text_format(by, sizeof(by), "at %s", scheduled_clock(scheduled->at_s, clock));
	if (files_load(set, fd, summary))
		status = owner_commit(owner, set, by, summary);
	conf_set_wipe(set);
	free(set);
	close(fd);
	return status;
}

static int due_apply(struct owner *owner, struct scheduled *scheduled)
{
	char clock[SCHEDULED_TIME_LEN];
	struct said said;
	int status = 1;

	scheduled->step = SCHEDULED_BEGUN;
	(void)scheduled_write(owner->generations.run_fd, scheduled);
	if (!owner->store_err)
		(void)scheduled_begin(owner->store.dir_fd, scheduled);
	say_to_screen();
	if (said_open(&said))
		status = due_commit(owner, scheduled);
	said_tell(&said, status);
	(void)scheduled_clock(scheduled->at_s, clock);
	if (status)
		log_err("what waited for %s UTC was NOT applied, and what ran before runs: `log config` tells why", clock);
	else if (scheduled->confirm_min)
		log_err("what waited for %s UTC runs: `confirm` within %u min, or what ran before comes back", clock,
			scheduled->confirm_min);
	else
		log_info("what waited for %s UTC runs", clock);
	return status;
}

/* One of which the end alone was cut off: its files are confirmed, or wait for a word. */
static bool is_applied(const struct owner *owner)
{
	int fd = owner->store_err ? -1 : scheduled_files(owner->generations.run_fd);
	static struct diag diag;
	struct pending pending;
	struct conf_set *set;
	unsigned number;

	if (fd < 0)
		return false;
	set = set_pool_take();
	diag_clear(&diag, true);
	conf_set_load(set, fd, &diag);
	number = store_find(&owner->store, set);
	set_pool_give_back(set);
	close(fd);
	return number && (number == owner->store.confirmed ||
			  (pending_read(owner->generations.run_fd, &pending) && pending.due_ns && pending.number == number));
}

/* NULL, or why it is not to be applied any more. */
static const char *is_missed(const struct scheduled *scheduled)
{
	int64_t late_s = time(NULL) - scheduled->at_s;

	if (scheduled->step == SCHEDULED_BEGUN)
		return "applying it was cut off";
	if (late_s > (int64_t)(clock_now_ns() / NS_PER_S))
		return "this instance was off then";
	return late_s > LATE_MAX_S ? "the clock was set over it" : NULL;
}

/* It is tried once. */
static void give_up(const struct owner *owner)
{
	int run_fd = open(owner->run_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	log_err("what waited for its time was NOT applied, and what ran before runs");
	if (run_fd < 0)
		return;
	scheduled_remove(run_fd);
	close(run_fd);
}

static int due_try(struct owner *owner, struct scheduled *scheduled)
{
	const char *missed = is_missed(scheduled);
	char date[SCHEDULED_TIME_LEN];

	if (!missed)
		return due_apply(owner, scheduled);
	(void)scheduled_date(scheduled->at_s, date);
	if (scheduled->step == SCHEDULED_BEGUN && is_applied(owner))
		log_info("what waited for %s UTC runs", date);
	else
		log_err("what waited for %s UTC was NOT applied: %s", date, missed);
	return 0;
}

/* By a process of no one's, without the lock: a disk that hangs is not to keep what was applied from being undone in its time. */
static void drop_behind(const struct owner *owner, const struct scheduled *scheduled)
{
	if (!owner->store_err && !fork())
		_exit(scheduled_drop(owner->store.dir_fd, scheduled) < 0);
}

int due_run(struct owner *owner)
{
	struct scheduled scheduled;
	int status = owner_open(owner);

	if (status && !owner->generations.owner)
		give_up(owner);
	if (status)
		return owner->generations.owner ? 0 : status; /* that one is waited for */
	/* Someone may have been here before the lock was ours. */
	if (scheduled_read(owner->generations.run_fd, &scheduled) && has_come(owner->generations.run_fd, &scheduled)) {
		status = due_try(owner, &scheduled);
		scheduled_remove(owner->generations.run_fd);
		drop_behind(owner, &scheduled);
	}
	owner_close(owner);
	return status;
}

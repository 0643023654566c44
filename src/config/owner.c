#include "config/owner.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/exit.h"
#include "base/interrupt.h"
#include "base/paths.h"
#include "base/text.h"
#include "base/wrap.h"
#include "conf/applied.h"
#include "conf/edited.h"
#include "conf/set_sum.h"
#include "conf/swap.h"
#include "config/adopt.h"
#include "config/boot.h"
#include "config/commit.h"
#include "config/held.h"
#include "config/say.h"
#include "config/scheduled.h"

int owner_make(const struct owner *owner, struct commit *commit, unsigned number, const char *outcome)
{
	commit->set_fd = generation_make(&owner->generations, number, commit->set);
	if (commit->set_fd < 0)
		say_err("%s: %s: %s", owner->run_dir, strerror(-commit->set_fd), outcome);
	return commit->set_fd < 0;
}

int owner_plan(const struct owner *owner, struct commit *commit)
{
	int status;
	char cuts[PLAN_CUTS_LEN], question[PLAN_CUTS_LEN + 48];

	interrupt_hear(); /* from here on it ends the commit, and not this process */
	status = commit_plan(commit);
	text_format(question, sizeof(question), "this cuts %s. apply (yes/no)?", plan_text_cuts(&commit->plan, cuts));
	if (wrap_columns(question) > WRAP_WIDTH)
		text_format(question, sizeof(question), "this cuts %s.\napply (yes/no)?", cuts);
	if (status == EXIT_ASKED && owner_may(owner, question)) {
		commit->force = true;
		status = 0;
	} else if (status == EXIT_ASKED && owner->plans) {
		say("this cuts %s: `reconfigure` asks first", cuts);
	} else if (status == EXIT_ASKED && !owner->asks) {
		say_err("this cuts %s: --force if it is meant", cuts);
	}
	interrupt_hear(); /* as before the question */
	if (status)
		printf("neither the NICs nor the paths were changed\n");
	else if (owner->plans && commit->plan.lines)
		printf("nothing of it runs before `reconfigure`\n");
	return status;
}

int owner_plan_set(const struct owner *owner, const struct conf_set *set, const char *outcome)
{
	struct commit commit = { .run_dir = owner->run_dir, .set = set, .force = owner->force, .typed = owner->typed };
	unsigned number = generations_highest(&owner->generations) + 1;
	int status;

	if (owner_make(owner, &commit, number, outcome))
		return 1;
	status = owner_plan(owner, &commit);
	close(commit.set_fd);
	generation_settle(&owner->generations, number, false);
	return status;
}

static void take_edits(const struct owner *owner, unsigned number)
{
	int fd = generation_open(&owner->generations, number);
	uint8_t sum[KEY_LEN];

	if (fd < 0)
		return;
	if (!set_sum_of(fd, sum))
		edited_commit(owner->data_fd, sum);
	close(fd);
}

/* It is confirmed, and the workers keep it. */
static void end_confirmed(struct owner *owner, const struct commit *commit, unsigned number)
{
	(void)owner_remember_as(owner, number, generation_open(&owner->generations, number));
	commit_keep(commit);
	pending_remove(owner->generations.run_fd);
}

static void tell_word(const struct owner *owner)
{
	char when[24] = "";
	struct about about;
	struct tm tm;
	time_t at;

	if (owner->store_err || !owner->store.confirmed || store_about(&owner->store, owner->store.confirmed, &about) < 0) {
		say("applied. `confirm` within %u min, or what ran before comes back.", owner->confirm_min);
		return;
	}
	at = (time_t)about.when_s;
	if (gmtime_r(&at, &tm))
		text_format(when, sizeof(when), " (%02d-%02d-%02d %02d:%02d)", tm.tm_year % 100, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour,
			    tm.tm_min);
	say("applied. `confirm` within %u min, or generation %u%s comes back.", owner->confirm_min, owner->store.confirmed, when);
}

/* The pointer first: by the time that the services have kept it, or some of them, it counts. 0, or -errno: the partition did not
 * take it, and it runs for as long as the machine does. */
static int settle(struct owner *owner, const struct commit *commit, unsigned number)
{
	struct pending pending = { .number = number, .step = PENDING_CONFIRMING };
	int err = owner->store_err, run_fd = owner->generations.run_fd;
	uint8_t left[KEY_LEN];
	char words[PENDING_WORDS_LEN];

	if (!err && number != owner->store.confirmed) {
		bool known = adopt_sum(owner->data_fd, left);

		text_format(words, sizeof(words), "generation %u runs; the partition has not taken yet that it is confirmed", number);
		(void)pending_write(run_fd, &pending, words);
		err = store_confirm(&owner->store, number, known ? left : NULL);
	}
	if (err < 0) {
		(void)owner_remember_as(owner, number, generation_open(&owner->generations, number));
		pending_remove(run_fd);
		return err;
	}
	take_edits(owner, number);
	pending.step = PENDING_CONFIRMED;
	(void)pending_write(run_fd, &pending, "a reconfigure is confirmed, and not kept by all yet");
	end_confirmed(owner, commit, number);
	return 0;
}

/* What is true where settle failed. */
static void tell_unsettled(const struct owner *owner, unsigned number, int err)
{
	char boots[64];

	if (owner->store.confirmed && (number == owner->store.confirmed || boot_reason(&owner->store, owner->data_fd)))
		text_format(boots, sizeof(boots), "runs generation %u", owner->store.confirmed);
	else
		text_format(boots, sizeof(boots), "takes the files as they stand");
	say_err("warning: generation %u runs, but the partition did not take it:\n%s/" GENERATIONS_DIR ": %s\n"
		"A reboot %s; `reconfigure` tries again.", number, owner->data_dir, strerror(-err), boots);
}

/* It runs, and waits for a word. */
static int wait_for_word(struct owner *owner, unsigned number)
{
	const struct pending pending = { .number = number, .due_ns = clock_now_ns() + 60 * NS_PER_S * owner->confirm_min };
	time_t until = time(NULL) + (time_t)owner->confirm_min * 60;
	char words[PENDING_WORDS_LEN], clock[16] = "";
	struct tm tm;
	int err;

	if (gmtime_r(&until, &tm))
		(void)strftime(clock, sizeof(clock), "%H:%M:%S", &tm);
	text_format(words, sizeof(words), "generation %u runs until %s UTC, unless `confirm` keeps it; then what was confirmed before", number,
		    clock);
	err = pending_write(owner->generations.run_fd, &pending, words);
	if (!err) {
		tell_word(owner);
		return 0;
	}
	/* No one would undo it in its time. */
	say_err("%s: %s: it cannot wait for a word, and is undone", owner->run_dir, strerror(-err));
	(void)owner_put_back(owner, PENDING_UNDONE);
	owner_tell_undone(owner);
	return 1;
}

/* What ran before runs again, or not all of it. */
static void tell_failed(struct owner *owner, const struct commit *commit, unsigned number)
{
	const struct pending pending = { .number = number, .cause = commit->interrupted ? PENDING_UNDONE : PENDING_FAILED };
	char words[PENDING_WORDS_LEN];

	text_format(words, sizeof(words), "generation %u %s, and is not undone everywhere yet: %s", number,
		    commit->interrupted ? "was interrupted" : "failed", commit->left);
	if (commit->left[0])
		(void)pending_write(owner->generations.run_fd, &pending, words);
	else
		pending_remove(owner->generations.run_fd);
	if (!owner->store_err && number != owner->store.confirmed)
		store_tell(&owner->store, number, commit->interrupted ? ABOUT_UNDONE : ABOUT_FAILED);
}

static int apply(struct owner *owner, struct commit *commit, unsigned number, const struct about *about, const struct conf_set *set)
{
	const struct pending pending = { .number = number };
	bool fresh = number != owner->store.confirmed;
	int status, err = pending_write(owner->generations.run_fd, &pending, "a reconfigure is under way");

	if (err < 0) {
		say_err("%s: %s: nothing was applied", owner->run_dir, strerror(-err));
		return 1;
	}
	if (!owner->store_err && fresh)
		owner->store_err = store_write(&owner->store, number, set, about);
	status = commit_apply(commit);
	if (status) {
		tell_failed(owner, commit, number);
		return status;
	}
	(void)unlinkat(owner->generations.run_fd, HELD_FILE, 0);
	if (owner->replace)
		owner->replace(owner);
	if (owner->confirm_min && fresh)
		return wait_for_word(owner, number);
	err = settle(owner, commit, number);
	if (err < 0)
		tell_unsettled(owner, number, err);
	return 0;
}

/* Files that run are no new generation. */
static unsigned number_of(const struct owner *owner, const struct conf_set *set)
{
	unsigned highest = generations_highest(&owner->generations);

	if (owner->store_err)
		return highest + 1;
	if (owner->store.confirmed && store_find(&owner->store, set) == owner->store.confirmed)
		return owner->store.confirmed;
	return store_next(&owner->store, highest);
}

/* One that its process left half way is none: the lock is ours now. */
bool owner_waits(const struct owner *owner)
{
	struct pending pending;
	struct scheduled scheduled;
	char date[SCHEDULED_TIME_LEN];

	if (pending_read(owner->generations.run_fd, &pending) && pending.due_ns) {
		say_err("generation %u waits for `confirm` or `undo`: nothing was changed", pending.number);
		return true;
	}
	if (!scheduled_read(owner->generations.run_fd, &scheduled) || scheduled.step == SCHEDULED_BEGUN)
		return false;
	say_err("a reconfigure waits for %s UTC: nothing was changed; `undo` cancels it", scheduled_date(scheduled.at_s, date));
	return true;
}

int owner_commit(struct owner *owner, const struct conf_set *set, const char *by, const char *summary)
{
	struct commit commit = { .run_dir = owner->run_dir, .set = set, .force = owner->force, .typed = owner->typed,
				 .judged = owner->confirm_min };
	struct about about = { .state = ABOUT_NEW, .when_s = time(NULL) };
	unsigned number = number_of(owner, set);
	int status;

	if (owner_waits(owner))
		return 1;
	text_format(about.by, sizeof(about.by), "%s", by);
	text_format(about.summary, sizeof(about.summary), "%s", summary);
	if (owner_make(owner, &commit, number, "nothing was applied"))
		return 1;
	status = owner_plan(owner, &commit);
	if (!status)
		status = apply(owner, &commit, number, &about, set);
	close(commit.set_fd);
	generation_settle(&owner->generations, number, status == 0);
	return status;
}

int owner_confirm(struct owner *owner)
{
	const struct commit commit = { .run_dir = owner->run_dir, .set_fd = -1 };
	struct pending pending;
	int err;

	if (!pending_read(owner->generations.run_fd, &pending) || !pending.due_ns) {
		say_err("nothing waits to be confirmed");
		return 1;
	}
	err = settle(owner, &commit, pending.number);
	if (err < 0) {
		tell_unsettled(owner, pending.number, err);
		return 1;
	}
	say("generation %u is confirmed", pending.number);
	return 0;
}

/* ---- what is undone ---- */

/* 1, 0, or -errno when the partition alone knows, and does not tell. */
static int is_confirmed(struct owner *owner, const struct pending *pending)
{
	if (pending->step != PENDING_CONFIRMING)
		return pending->step == PENDING_CONFIRMED;
	if (owner_load(owner))
		return -ENOENT;
	return owner->store_err < 0 ? owner->store_err : owner->store.confirmed == pending->number;
}

/* It is tried again, and a reconfigure may come first: it waits for no word any more. */
static int put_off(struct owner *owner, struct pending *pending, const char *words)
{
	pending->due_ns = 0;
	(void)pending_write(owner->generations.run_fd, pending, words);
	return 1;
}

int owner_put_back(struct owner *owner, enum pending_cause cause)
{
	struct commit commit = { .run_dir = owner->run_dir, .force = true, .set_fd = -1 };
	int run_fd = owner->generations.run_fd, confirmed;
	char words[PENDING_WORDS_LEN];
	struct pending pending;

	if (!pending_read(run_fd, &pending))
		return 0;
	pending.cause = cause;
	confirmed = is_confirmed(owner, &pending);
	if (confirmed > 0) {
		end_confirmed(owner, &commit, pending.number);
		return 0;
	}
	if (confirmed < 0) {
		text_format(words, sizeof(words), "generation %u runs; whether it is confirmed, the partition does not tell: %s",
			    pending.number, strerror(-confirmed));
		return put_off(owner, &pending, words);
	}
	/* Whoever is killed over it leaves a part of it, which is not to wait for its time. */
	if (pending.due_ns) {
		pending.due_ns = 0;
		text_format(words, sizeof(words), "generation %u is being undone", pending.number);
		(void)pending_write(run_fd, &pending, words);
	}
	commit.set_fd = applied_open(run_fd, APPLIED_CONFIRMED);
	if (commit.set_fd < 0 && commit.set_fd != -ENOENT) {
		text_format(words, sizeof(words), "generation %u is to be undone; what is confirmed cannot be read: %s", pending.number,
			    strerror(-commit.set_fd));
		return put_off(owner, &pending, words);
	}
	/* Before there is any, each service knows what it had. */
	if (commit.set_fd < 0)
		commit_undo(&commit);
	else
		commit_apply_to_each(&commit);
	if (commit.left[0]) {
		text_format(words, sizeof(words), "generation %u is to be undone, and is not everywhere yet: %s", pending.number,
			    commit.left);
		(void)put_off(owner, &pending, words);
	} else {
		if (pending.number != owner_remembered(owner))
			held_tell(run_fd, owner_remembered(owner), pending_cause_words[cause]);
		pending_remove(run_fd);
		owner->undone = pending.number;
	}
	if (commit.set_fd >= 0)
		close(commit.set_fd);
	return commit.left[0] != '\0';
}

void owner_tell_undone(struct owner *owner)
{
	const struct commit commit = { .run_dir = owner->run_dir, .set_fd = -1 };

	if (!owner->undone)
		return;
	commit_keep(&commit);
	if (owner_load(owner))
		return;
	/* A rollback that was cut off when its files counted: before anyone writes others, which they would be moved over. */
	(void)swap_finish(owner->data_fd);
	if (!owner->store_err && owner->undone != owner->store.confirmed)
		store_tell(&owner->store, owner->undone, ABOUT_UNDONE);
}

#include "config/owner.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/exit.h"
#include "base/interrupt.h"
#include "base/paths.h"
#include "base/terminal.h"
#include "base/text.h"
#include "conf/applied.h"
#include "conf/edited.h"
#include "conf/set_sum.h"
#include "config/adopt.h"
#include "config/commit.h"
#include "config/held.h"
#include "config/pending.h"

/* fd: of a directory with the set, closed here. */
static int remember(const struct owner *owner, int fd)
{
	static struct conf_set set;
	static struct diag diag;
	int err = fd;

	diag_clear(&diag, true);
	if (fd >= 0) {
		conf_set_load(&set, fd, &diag);
		close(fd);
		err = diag.error_count ? -EINVAL : applied_save(owner->generations.run_fd, APPLIED_CONFIRMED, &set, ~0u, false);
	}
	conf_set_wipe(&set);
	return err;
}

bool owner_remember(const struct owner *owner)
{
	int err = remember(owner, store_files(&owner->store, owner->store.confirmed));

	if (err < 0)
		(void)fprintf(stderr, "generation %u, which is confirmed, cannot be had: %s\n", owner->store.confirmed, strerror(-err));
	return err >= 0;
}

/* A disk that takes nothing is no reason to change nothing: what runs is in memory. */
static int open_store(struct owner *owner, bool locked)
{
	int err = store_open(&owner->store, owner->data_fd);
	unsigned before = owner->store.confirmed;

	if (err < 0 || !locked)
		return err;
	err = adopt_applied(&owner->store, owner->data_fd);
	if (owner->store.confirmed != before)
		(void)owner_remember(owner);
	return err;
}

static int open_data(struct owner *owner, bool locked)
{
	owner->data_fd = open(owner->data_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (owner->data_fd < 0) {
		(void)fprintf(stderr, "cannot open %s: %s: nothing was applied, what runs keeps running\n", owner->data_dir, strerror(errno));
		generations_close(&owner->generations);
		return 1;
	}
	owner->store_err = open_store(owner, locked);
	return 0;
}

int owner_open(struct owner *owner)
{
	int err = generations_open(&owner->generations, owner->run_dir);

	if (err == -EBUSY)
		(void)fprintf(stderr, "another reconfigure is under way (process %d): nothing was changed\n", (int)owner->generations.owner);
	else if (err < 0)
		(void)fprintf(stderr, "%s: %s: nothing was changed\n", owner->run_dir, strerror(-err));
	return err < 0 ? 1 : open_data(owner, true);
}

int owner_look(struct owner *owner)
{
	return open_data(owner, !generations_open(&owner->generations, owner->run_dir));
}

void owner_close(struct owner *owner)
{
	store_close(&owner->store);
	close(owner->data_fd);
	generations_close(&owner->generations);
}

static bool asks_and_may(const char *cuts)
{
	char question[PLAN_CUTS_LEN + 48];
	bool yes;

	text_format(question, sizeof(question), "this cuts %s. apply (yes/no)?", cuts);
	terminal_open();
	yes = terminal_yes(question);
	terminal_restore();
	interrupt_hear();
	return yes;
}

static int plan(const struct owner *owner, struct commit *commit)
{
	int status = commit_plan(commit);

	if (status == EXIT_ASKED && owner->asks && asks_and_may(commit->plan.cuts)) {
		commit->force = true;
		status = 0;
	} else if (status == EXIT_ASKED && !owner->asks) {
		(void)fprintf(stderr, "this cuts %s: --force if it is meant\n", commit->plan.cuts);
	}
	if (status)
		printf("neither the NICs nor the paths were changed\n");
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

/* The pointer first: by the time that the services have kept it, or some of them, it counts. */
static void settle(struct owner *owner, const struct commit *commit, unsigned number)
{
	uint8_t left[KEY_LEN];
	bool known = adopt_sum(owner->data_fd, left);
	int err = owner->store_err;

	if (!err && number != owner->store.confirmed)
		err = store_confirm(&owner->store, number, known ? left : NULL);
	if (err < 0)
		(void)fprintf(stderr, "warning: this configuration runs, but a boot does not fall back to it: %s/" GENERATIONS_DIR ": %s\n",
			      owner->data_dir, strerror(-err));
	else
		take_edits(owner, number);
	commit_keep(commit);
	(void)remember(owner, generation_open(&owner->generations, number));
	pending_remove(owner->generations.run_fd);
}

/* It runs, and waits for a word. */
static void wait_for_word(const struct owner *owner, unsigned number)
{
	struct pending pending = { number, clock_now_ns() + 60 * NS_PER_S * owner->confirm_min };
	time_t until = time(NULL) + (time_t)owner->confirm_min * 60;
	char words[160], clock[16] = "";
	struct tm tm;
	int err;

	if (gmtime_r(&until, &tm))
		(void)strftime(clock, sizeof(clock), "%H:%M:%S", &tm);
	text_format(words, sizeof(words), "generation %u runs until %s UTC, unless `confirm` keeps it; then what was confirmed before", number,
		    clock);
	err = pending_write(owner->generations.run_fd, &pending, words);
	printf("%s\n", words);
	if (err < 0)
		(void)fprintf(stderr, "warning: this is not remembered (%s): `undo` by hand\n", strerror(-err));
}

static int apply(struct owner *owner, struct commit *commit, unsigned number, const struct about *about, const struct conf_set *set)
{
	const struct pending pending = { .number = number };
	bool fresh = number != owner->store.confirmed;
	int status;

	(void)pending_write(owner->generations.run_fd, &pending, "a reconfigure is under way");
	if (!owner->store_err && fresh)
		owner->store_err = store_write(&owner->store, number, set, about);
	status = commit_apply(commit);
	if (status) {
		if (!owner->store_err && fresh)
			store_tell(&owner->store, number, ABOUT_FAILED);
		pending_remove(owner->generations.run_fd);
		return status;
	}
	(void)unlinkat(owner->generations.run_fd, HELD_FILE, 0);
	if (owner->replace)
		owner->replace(owner);
	if (owner->confirm_min && fresh)
		wait_for_word(owner, number);
	else
		settle(owner, commit, number);
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
static bool waits_for_word(const struct owner *owner)
{
	struct pending pending;

	if (!pending_read(owner->generations.run_fd, &pending) || !pending.due_ns)
		return false;
	(void)fprintf(stderr, "generation %u waits for `confirm` or `undo`: nothing was changed\n", pending.number);
	return true;
}

int owner_commit(struct owner *owner, const struct conf_set *set, const char *by, const char *summary)
{
	struct commit commit = { .run_dir = owner->run_dir, .force = owner->force };
	struct about about = { .state = ABOUT_NEW, .when_s = time(NULL) };
	unsigned number = number_of(owner, set);
	int status;

	if (waits_for_word(owner))
		return 1;
	text_format(about.by, sizeof(about.by), "%s", by);
	text_format(about.summary, sizeof(about.summary), "%s", summary);
	commit.set_fd = generation_make(&owner->generations, number, set);
	if (commit.set_fd < 0) {
		(void)fprintf(stderr, "%s: %s: nothing was applied\n", owner->run_dir, strerror(-commit.set_fd));
		return 1;
	}
	interrupt_hear(); /* from here on it ends the commit, and not this process */
	status = plan(owner, &commit);
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

	if (!pending_read(owner->generations.run_fd, &pending) || !pending.due_ns) {
		(void)fprintf(stderr, "nothing waits to be confirmed\n");
		return 1;
	}
	if (owner->store_err < 0) {
		(void)fprintf(stderr, "%s/" GENERATIONS_DIR ": %s: it cannot be confirmed, and is undone in its time\n", owner->data_dir,
			      strerror(-owner->store_err));
		return 1;
	}
	settle(owner, &commit, pending.number);
	printf("generation %u is confirmed\n", pending.number);
	return 0;
}

/* What is confirmed; before there is any, each service knows what it had. */
static int put_back(struct owner *owner)
{
	struct commit commit = { .run_dir = owner->run_dir, .force = true };
	bool all;

	commit.set_fd = applied_open(owner->generations.run_fd, APPLIED_CONFIRMED);
	if (commit.set_fd < 0)
		return commit_undo(&commit) ? 0 : 1;
	/* One that does not run, or cannot, is no reason to leave the others with what no one confirmed: it is asked again. */
	all = commit_apply_to_each(&commit);
	if (all)
		commit_keep(&commit);
	close(commit.set_fd);
	return all ? 0 : 1;
}

int owner_put_back(struct owner *owner, const char *why)
{
	const struct commit commit = { .run_dir = owner->run_dir, .set_fd = -1 };
	struct pending pending;
	int status = 0;

	if (!pending_read(owner->generations.run_fd, &pending))
		return 0;
	if (!owner->store_err && owner->store.confirmed == pending.number) {
		/* It was confirmed, and the process went before it could say so. */
		settle(owner, &commit, pending.number);
		return 0;
	}
	status = put_back(owner);
	if (status) {
		/* It waits for no word any more: a reconfigure may come first. */
		pending.due_ns = 0;
		(void)pending_write(owner->generations.run_fd, &pending, "what was not confirmed is undone on the services that did not "
				    "run");
		return status;
	}
	if (!owner->store_err)
		store_tell(&owner->store, pending.number, ABOUT_UNDONE);
	held_tell(owner->generations.run_fd, owner->store.confirmed, why);
	pending_remove(owner->generations.run_fd);
	return 0;
}

#include "config/config.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/help.h"
#include "base/paths.h"
#include "base/text.h"
#include "conf/files_lock.h"
#include "conf/set_pool.h"
#include "config/alive.h"
#include "config/boot.h"
#include "config/commit.h"
#include "config/files.h"
#include "config/held.h"
#include "config/history.h"
#include "config/numbers.h"
#include "config/owner.h"
#include "config/rollback.h"
#include "config/say.h"
#include "config/schedule.h"
#include "config/scheduled.h"
#include "config/watch.h"

enum { EXIT_USAGE = 2, NUMBERS_MAX = 2, CONFIRM_MAX_MIN = 7 * 24 * 60 };

struct request {
	struct owner owner;
	unsigned numbers[NUMBERS_MAX]; /* 0 behind the last */
	const char *at; /* the time that a commit waits for, NULL: none */
};

/* The files as they stand: an exit status, 0: they can be applied. */
static int read_files(const struct owner *owner, struct conf_set *set, char summary[static CONF_SUMMARY_LEN])
{
	int err = files_lock(owner->data_fd, FILES_READ);
	bool loaded;

	if (err < 0) {
		say_err("%s: nothing was applied", files_lock_words(err));
		return 1;
	}
	loaded = files_load(set, owner->data_fd, summary);
	files_unlock(owner->data_fd);
	if (!loaded)
		commit_tell_status(owner->run_dir);
	return !loaded;
}

static int run_commit(struct request *request)
{
	struct conf_set *set;
	struct owner *owner = &request->owner;
	char summary[CONF_SUMMARY_LEN];
	int64_t at_s = request->at ? schedule_when(owner, request->at) : 0;
	struct text typed;
	int status;

	if (at_s < 0)
		return 1;
	text_init(&typed, owner->typed, sizeof(owner->typed));
	text_add(&typed, "reconfigure");
	if (at_s)
		text_add(&typed, " at %s", request->at);
	if (owner->confirm_min)
		text_add(&typed, " confirm %u", owner->confirm_min);
	set = set_pool_take();
	status = read_files(owner, set, summary);
	if (!status)
		status = at_s ? schedule_commit(owner, set, at_s) : owner_commit(owner, set, "console", summary);
	set_pool_give_back(set);
	return status;
}

static int run_plan(struct request *request)
{
	struct owner *owner = &request->owner;
	struct conf_set *set = set_pool_take();
	char summary[CONF_SUMMARY_LEN];
	int status = read_files(owner, set, summary);

	owner->plans = true;
	text_format(owner->typed, sizeof(owner->typed), "reconfigure");
	if (!status)
		status = owner_waits(owner) ? 1 : owner_plan_set(owner, set, "there is no plan");
	set_pool_give_back(set);
	return status;
}

/* What is confirmed goes into memory, where the services look for what they fall back to. */
static int run_boot(struct request *request)
{
	struct owner *owner = &request->owner;
	const char *why;

	alive_recall(owner->data_fd, owner->generations.run_fd);
	if (owner->store_err < 0)
		say_err("%s/" GENERATIONS_DIR ": %s", owner->data_dir, strerror(-owner->store_err));
	else if (scheduled_find(owner->store.dir_fd, owner->generations.run_fd) < 0)
		say_err("what waits for its time cannot be read: it is not applied");
	if (owner->store_err < 0 || !owner->store.confirmed)
		return 0;
	why = boot_reason(&owner->store, owner->data_fd);
	if (owner_remember(owner) && why)
		held_tell(owner->generations.run_fd, owner->store.confirmed, why);
	return 0;
}

static int run_history(struct request *request)
{
	return history_print(&request->owner);
}

static int run_diff(struct request *request)
{
	return history_diff(&request->owner, request->numbers[0], request->numbers[1]);
}

static int run_rollback(struct request *request)
{
	struct owner *owner = &request->owner;

	text_format(owner->typed, sizeof(owner->typed), "rollback %u", request->numbers[0]);
	return rollback_to(owner, request->numbers[0]);
}

static int run_undo(struct request *request)
{
	struct owner *owner = &request->owner;

	text_format(owner->typed, sizeof(owner->typed), "undo");
	return rollback_undo(owner);
}

static int run_confirm(struct request *request)
{
	return owner_confirm(&request->owner);
}

static int run_watch(struct request *request)
{
	return watch_run(&request->owner);
}

static int run_alive(struct request *request)
{
	return alive_keep(request->owner.run_dir, request->owner.data_dir);
}

static int run_trial(struct request *request)
{
	return alive_watch(request->owner.run_dir);
}

/* LOCKS: it looks at the partition by itself. */
enum access { OWNS, PLANS, LOCKS, LOOKS, ALONE };
enum option { FORCE = 1, ASK = 2, CONFIRM = 4, AT = 8 };

static const struct verb {
	const char *name;
	const char *typed; /* what a person types for it, NULL: no one does */
	enum access access;
	unsigned options;   /* of enum option */
	size_t least, most; /* numbers behind it */
	int (*run)(struct request *request);
} verbs[] = {
	{ "commit", "reconfigure [at HH:MM[:SS]] [confirm [MINUTES, 1..10080]] [--force]", OWNS, FORCE | ASK | CONFIRM | AT,
	  0, 0, run_commit },
	{ "plan", "plan", PLANS, 0, 0, 0, run_plan },
	{ "history", "history", LOOKS, 0, 0, 0, run_history },
	{ "diff", "diff [N [M]], N and M as `history` has them", LOOKS, 0, 0, 2, run_diff },
	{ "rollback", "rollback N [--force], N as `history` has it", OWNS, FORCE | ASK, 1, 1, run_rollback },
	{ "undo", "undo [--force]", LOCKS, FORCE | ASK, 0, 0, run_undo },
	{ "confirm", "confirm", OWNS, 0, 0, 0, run_confirm },
	{ "boot", NULL, OWNS, 0, 0, 0, run_boot },
	{ "watch", NULL, ALONE, 0, 0, 0, run_watch },
	{ "alive", NULL, ALONE, 0, 0, 0, run_alive },
	{ "trial", NULL, ALONE, 0, 0, 0, run_trial },
};

enum { VERBS = sizeof(verbs) / sizeof(verbs[0]) };

static_assert(CONFIRM_MAX_MIN == 10080, "as it is typed");

static int verb_usage(const struct verb *verb)
{
	(void)fprintf(stderr, "usage: %s\n", verb->typed ? verb->typed : verb->name);
	return EXIT_USAGE;
}

static int usage(bool asked)
{
	for (size_t i = 0; i < VERBS; i++)
		(void)fprintf(asked ? stdout : stderr, "%s " NAME_CONFIG " %s [--conf DIR] [--run DIR]\n", i ? "      " : "usage:", verbs[i].name);
	return asked ? 0 : EXIT_USAGE;
}

/* How many of the words it takes, 0: none of its. */
static int read_option(struct request *request, const struct verb *verb, int count, char **words)
{
	struct owner *owner = &request->owner;
	uint64_t number;

	if (!strcmp(words[0], "--force") && verb->options & FORCE)
		return owner->force = true;
	if (!strcmp(words[0], "--ask") && verb->options & ASK)
		return owner->asks = true;
	if (count < 2)
		return 0;
	if (!strcmp(words[0], "--confirm") && verb->options & CONFIRM && !text_uint(slice_of(words[1]), CONFIRM_MAX_MIN, &number) && number)
		owner->confirm_min = (unsigned)number;
	else if (!strcmp(words[0], "--at") && verb->options & AT)
		request->at = words[1];
	else if (!strcmp(words[0], "--conf"))
		owner->data_dir = words[1];
	else if (!strcmp(words[0], "--run"))
		owner->run_dir = words[1];
	else
		return 0;
	return 2;
}

static bool read_words(struct request *request, const struct verb *verb, int argc, char **argv)
{
	size_t count = 0;
	uint64_t number;

	for (int i = 2; i < argc;) {
		int taken = read_option(request, verb, argc - i, argv + i);

		if (!taken && count < verb->most && !text_uint(slice_of(argv[i]), NUMBER_MAX, &number) && number) {
			request->numbers[count++] = (unsigned)number;
			taken = 1;
		}
		if (!taken)
			return false;
		i += taken;
	}
	return count >= verb->least;
}

/* What a verb needs of the owner: 0, or the exit status. */
static int open_for(struct owner *owner, enum access access)
{
	switch (access) {
	case OWNS:
		return owner_open(owner);
	case PLANS:
		return owner_open_to_plan(owner);
	case LOCKS:
		return owner_lock(owner);
	case LOOKS:
		return owner_look(owner);
	case ALONE:
		break;
	}
	return 0;
}

int config_main(int argc, char **argv)
{
	struct request request = { .owner = { .data_dir = DATA_DIR, .run_dir = RUN_DIR } };
	const struct verb *verb = verbs;
	int status;

	while (argc > 1 && verb < verbs + VERBS && strcmp(argv[1], verb->name) != 0)
		verb++;
	if (argc < 2 || verb == verbs + VERBS)
		return usage(help_asked(argc, argv));
	if (!read_words(&request, verb, argc, argv))
		return verb_usage(verb);
	if (!verb->typed)
		say_to_log();
	status = open_for(&request.owner, verb->access);
	if (status)
		return status;
	status = verb->run(&request);
	if (verb->access != ALONE)
		owner_close(&request.owner);
	return status;
}

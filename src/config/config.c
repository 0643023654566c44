#include "config/config.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/paths.h"
#include "base/text.h"
#include "config/boot.h"
#include "config/commit.h"
#include "config/files.h"
#include "config/history.h"
#include "config/owner.h"
#include "config/rollback.h"
#include "config/watch.h"

enum { EXIT_USAGE = 2, NUMBERS_MAX = 2, CONFIRM_MAX_MIN = 7 * 24 * 60 };

struct request {
	struct owner owner;
	unsigned numbers[NUMBERS_MAX]; /* 0 behind the last */
};

static int run_commit(struct request *request)
{
	static struct conf_set set;
	struct owner *owner = &request->owner;
	char summary[CONF_SUMMARY_LEN];
	int status = 1;

	if (files_load(&set, owner->data_fd, summary))
		status = owner_commit(owner, &set, "console", summary);
	else
		commit_tell_status(owner->run_dir);
	conf_set_wipe(&set);
	return status;
}

static int run_boot(struct request *request)
{
	log_open(NAME_CONFIG);
	return boot_decide(&request->owner);
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
	return rollback_to(&request->owner, request->numbers[0]);
}

static int run_undo(struct request *request)
{
	return rollback_undo(&request->owner);
}

static int run_confirm(struct request *request)
{
	return owner_confirm(&request->owner);
}

static int run_watch(struct request *request)
{
	return watch_run(&request->owner);
}

enum access { OWNS, LOOKS, ALONE };

static const struct verb {
	const char *name, *words;
	enum access access;
	size_t least, most; /* numbers behind it */
	int (*run)(struct request *request);
} verbs[] = {
	{ "commit", "[--force] [--ask] [--confirm MINUTES]", OWNS, 0, 0, run_commit },
	{ "history", "", LOOKS, 0, 0, run_history },
	{ "diff", "[N [M]]", LOOKS, 0, 2, run_diff },
	{ "rollback", "N [--force] [--ask]", OWNS, 1, 1, run_rollback },
	{ "undo", "[--force] [--ask]", OWNS, 0, 0, run_undo },
	{ "confirm", "", OWNS, 0, 0, run_confirm },
	{ "boot", "", OWNS, 0, 0, run_boot },
	{ "watch", "", ALONE, 0, 0, run_watch },
};

enum { VERBS = sizeof(verbs) / sizeof(verbs[0]) };

static int usage(void)
{
	for (size_t i = 0; i < VERBS; i++)
		(void)fprintf(stderr, "%s " NAME_CONFIG " %s %s%s[--conf DIR] [--run DIR]\n", i ? "      " : "usage:", verbs[i].name,
			      verbs[i].words, *verbs[i].words ? " " : "");
	return EXIT_USAGE;
}

static bool read_words(struct request *request, const struct verb *verb, int argc, char **argv)
{
	struct owner *owner = &request->owner;
	size_t count = 0;
	uint64_t number;

	for (int i = 2; i < argc; i++) {
		if (!strcmp(argv[i], "--force"))
			owner->force = true;
		else if (!strcmp(argv[i], "--ask"))
			owner->asks = true;
		else if (!strcmp(argv[i], "--confirm") && i + 1 < argc && !text_uint(slice_of(argv[++i]), CONFIRM_MAX_MIN, &number) && number)
			owner->confirm_min = (unsigned)number;
		else if (!strcmp(argv[i], "--conf") && i + 1 < argc)
			owner->data_dir = argv[++i];
		else if (!strcmp(argv[i], "--run") && i + 1 < argc)
			owner->run_dir = argv[++i];
		else if (count < verb->most && !text_uint(slice_of(argv[i]), UINT_MAX - 1, &number) && number)
			request->numbers[count++] = (unsigned)number;
		else
			return false;
	}
	return count >= verb->least;
}

int config_main(int argc, char **argv)
{
	struct request request = { .owner = { .data_dir = DATA_DIR, .run_dir = RUN_DIR } };
	const struct verb *verb = verbs;
	int status;

	while (argc > 1 && verb < verbs + VERBS && strcmp(argv[1], verb->name) != 0)
		verb++;
	if (argc < 2 || verb == verbs + VERBS || !read_words(&request, verb, argc, argv))
		return usage();
	if (verb->access == ALONE)
		return verb->run(&request);
	status = verb->access == LOOKS ? owner_look(&request.owner) : owner_open(&request.owner);
	if (status)
		return status;
	status = verb->run(&request);
	owner_close(&request.owner);
	return status;
}

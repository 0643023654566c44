#include "config/config.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/paths.h"
#include "config/boot.h"
#include "config/commit.h"
#include "config/files.h"
#include "config/owner.h"

enum { EXIT_USAGE = 2 };

static int verb_commit(struct owner *owner)
{
	static struct conf_set set;
	char summary[CONF_SUMMARY_LEN];
	int status = owner_open(owner);

	if (status)
		return status;
	if (files_load(&set, owner->data_fd, summary)) {
		status = owner_commit(owner, &set, "console", summary);
	} else {
		commit_tell_status(owner->run_dir);
		status = 1;
	}
	conf_set_wipe(&set);
	owner_close(owner);
	return status;
}

static int verb_boot(struct owner *owner)
{
	int status = owner_open(owner);

	if (status)
		return status;
	log_open(NAME_CONFIG);
	status = boot_decide(owner);
	owner_close(owner);
	return status;
}

static const struct {
	const char *name, *words;
	int (*run)(struct owner *owner);
} verbs[] = {
	{ "commit", "[--force] [--ask]", verb_commit },
	{ "boot", "", verb_boot },
};

enum { VERBS = sizeof(verbs) / sizeof(verbs[0]) };

static int usage(void)
{
	for (size_t i = 0; i < VERBS; i++)
		(void)fprintf(stderr, "%s " NAME_CONFIG " %s %s[--conf DIR] [--run DIR]\n", i ? "      " : "usage:", verbs[i].name,
			      verbs[i].words);
	return EXIT_USAGE;
}

int config_main(int argc, char **argv)
{
	struct owner owner = { .data_dir = DATA_DIR, .run_dir = RUN_DIR };
	size_t verb = 0;

	while (argc > 1 && verb < VERBS && strcmp(argv[1], verbs[verb].name) != 0)
		verb++;
	if (argc < 2 || verb == VERBS)
		return usage();
	for (int i = 2; i < argc; i++) {
		if (!strcmp(argv[i], "--force"))
			owner.force = true;
		else if (!strcmp(argv[i], "--ask"))
			owner.asks = true;
		else if (!strcmp(argv[i], "--conf") && i + 1 < argc)
			owner.data_dir = argv[++i];
		else if (!strcmp(argv[i], "--run") && i + 1 < argc)
			owner.run_dir = argv[++i];
		else
			return usage();
	}
	return verbs[verb].run(&owner);
}

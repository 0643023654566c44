#include "config/config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/exit.h"
#include "base/interrupt.h"
#include "base/paths.h"
#include "base/terminal.h"
#include "conf/summary.h"
#include "config/commit.h"
#include "config/generation.h"
#include "network/facts.h"

enum { EXIT_USAGE = 2 };

static void print_finding(void *arg, const char *text)
{
	(void)arg;
	(void)fprintf(stderr, "%s\n", text);
}

/* Reads and checks, tells all there is to find: false when nothing of it can be applied. */
static bool load(struct conf_set *set, const char *dir)
{
	static struct conf_facts facts;
	static struct diag diag;
	char summary[CONF_SUMMARY_LEN];
	int dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), err;

	if (dir_fd < 0) {
		(void)fprintf(stderr, "cannot open %s: %s: nothing was applied, what runs keeps running\n", dir, strerror(errno));
		return false;
	}
	conf_set_load(set, dir_fd, &diag);
	close(dir_fd);
	err = facts_collect(&facts);
	if (err < 0)
		(void)fprintf(stderr, "routes of this host not known: %s\n", strerror(-err));
	conf_set_check(set, &facts, false, &diag);
	diag_print(&diag, print_finding, NULL);
	(void)fprintf(diag.error_count ? stderr : stdout, "%s\n", conf_set_summary(set, &diag, summary));
	return diag.error_count == 0;
}

static bool confirm(void)
{
	bool yes;

	terminal_open();
	yes = terminal_confirm("Apply it all the same?");
	terminal_restore();
	interrupt_hear();
	return yes;
}

/* asks: there is someone at the console who may say yes. */
static int commit_set(struct commit *commit, bool asks)
{
	int status;

	interrupt_hear(); /* from here on it ends the commit, and not this process */
	status = commit_plan(commit);
	if (status == EXIT_ASKED && asks && confirm()) {
		commit->force = true;
		status = 0;
	}
	if (status) {
		printf("neither the NICs nor the paths were changed\n");
		return status;
	}
	return commit_apply(commit);
}

static int commit_files(struct commit *commit, struct generations *generations, const char *dir, bool asks)
{
	static struct conf_set set;
	int status = 1;

	if (!load(&set, dir)) {
		commit_tell_status(commit);
		conf_set_wipe(&set);
		return status;
	}
	commit->set_fd = generation_make(generations, &set);
	conf_set_wipe(&set);
	if (commit->set_fd < 0) {
		(void)fprintf(stderr, "%s: %s: nothing was applied\n", commit->run_dir, strerror(-commit->set_fd));
		return status;
	}
	status = commit_set(commit, asks);
	close(commit->set_fd);
	generation_settle(generations, status == 0);
	return status;
}

static int commit_main(struct commit *commit, const char *dir, bool asks)
{
	struct generations generations;
	int err = generations_open(&generations, commit->run_dir), status;

	if (err == -EBUSY)
		(void)fprintf(stderr, "another reconfigure is under way (process %d): nothing was changed\n", (int)generations.owner);
	else if (err < 0)
		(void)fprintf(stderr, "%s: %s: nothing was changed\n", commit->run_dir, strerror(-err));
	if (err < 0)
		return 1;
	status = commit_files(commit, &generations, dir, asks);
	generations_close(&generations);
	return status;
}

static int usage(void)
{
	(void)fprintf(stderr, "usage: " NAME_CONFIG " commit [--force] [--ask] [--conf DIR] [--run DIR]\n");
	return EXIT_USAGE;
}

int config_main(int argc, char **argv)
{
	struct commit commit = { .run_dir = RUN_DIR, .set_fd = -1 };
	const char *dir = DATA_DIR;
	bool asks = false;

	if (argc < 2 || strcmp(argv[1], "commit") != 0)
		return usage();
	for (int i = 2; i < argc; i++) {
		if (!strcmp(argv[i], "--force"))
			commit.force = true;
		else if (!strcmp(argv[i], "--ask"))
			asks = true;
		else if (!strcmp(argv[i], "--conf") && i + 1 < argc)
			dir = argv[++i];
		else if (!strcmp(argv[i], "--run") && i + 1 < argc)
			commit.run_dir = argv[++i];
		else
			return usage();
	}
	return commit_main(&commit, dir, asks);
}

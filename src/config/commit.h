/* A commit: one set of files onto every worker, the NICs, then the management path, then the dataplane; or onto none. */
#ifndef CONFIG_COMMIT_H
#define CONFIG_COMMIT_H

#include <stdbool.h>

#include "conf/set.h"
#include "config/plan_text.h"

enum { COMMIT_LEFT_LEN = 64 };

struct commit {
	const char *run_dir;
	const struct conf_set *set;
	int set_fd; /* a directory with the files, of which each worker gets a descriptor */
	bool force;
	const char *typed; /* by whom there is to force: what that goes behind */
	bool judged; /* it is undone when management does not come back */
	struct plan_text plan; /* what commit_plan said */
	bool interrupted; /* commit_apply failed by that alone */
	char left[COMMIT_LEFT_LEN]; /* the names of those that are not as they were to be: behind an apply that failed, or below */
};

/* What it changes goes to standard output. An exit status: 0; EXIT_ASKED: it cuts what plan.cut says, only with force;
 * EXIT_REFUSED or more: nothing may be applied. One whose service does not run says so. */
int commit_plan(struct commit *commit);

/* 0: it runs, or is what a service that does not run starts from, and can be put back until it is kept; else what ran before runs again, but on those left. */
int commit_apply(struct commit *commit);
void commit_keep(const struct commit *commit); /* it is the fallback of each from now on */

void commit_undo(struct commit *commit); /* each puts back what it had */
/* Each that can takes the set, whatever the others do. None of them is planned or undone. */
void commit_apply_to_each(struct commit *commit);

void commit_tell_status(const char *run_dir); /* what the paths run now, in a line each */

#endif

#include "config/commit.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/exit.h"
#include "base/interrupt.h"
#include "base/paths.h"
#include "base/text.h"
#include "conf/applied.h"
#include "config/judge.h"
#include "config/say.h"
#include "control/client.h"

enum { WORDS_MAX = 3, WORD_LEN = 16, WHAT_LEN = 48 };
enum { SIGNALLED = 128 }; /* sh(1)'s status of what a signal ended */

/* In the order in which they are applied. */
enum party_name { NICS, MANAGEMENT, DATAPLANE, PARTIES };

static struct party {
	const char *name;
	bool path;
	bool absent; /* its service does not run */
	bool asked; /* to apply the set, or starts from it: there is something to put back */
} parties[PARTIES] = {
	[NICS] = { .name = NAME_NETWORK },
	[MANAGEMENT] = { .name = NAME_MANAGEMENT, .path = true },
	[DATAPLANE] = { .name = NAME_DATAPLANE, .path = true },
};

/* The status of a verb, or -errno. The set goes along where with_set. */
static int request(const struct commit *commit, struct party *party, const char *verb, const char *option, bool with_set, int out_fd,
		   int err_fd)
{
	char path[CONTROL_PATH_LEN], words[WORDS_MAX][WORD_LEN], *argv[WORDS_MAX];
	const char *const given[WORDS_MAX] = { verb, option, commit->force && with_set ? "--force" : NULL };
	int argc = 0, status;

	for (size_t i = 0; i < WORDS_MAX; i++)
		if (given[i]) {
			(void)snprintf(words[argc], WORD_LEN, "%s", given[i]);
			argv[argc] = words[argc];
			argc++;
		}
	(void)fflush(stdout);
	status = control_path(path, commit->run_dir, party->name);
	if (!status)
		status = control_request_with(path, argc, argv, with_set ? commit->set_fd : -1, out_fd, err_fd);
	party->absent = party->absent || status == -ECONNREFUSED || status == -ENOENT;
	return status;
}

static void tell_unanswered(const struct commit *commit, const struct party *party, int err)
{
	char path[CONTROL_PATH_LEN], why[CONTROL_WHY_LEN];

	(void)control_path(path, commit->run_dir, party->name);
	say_err("%s: %s (%s)", party->name, control_why(err, commit->run_dir, party->name, why), path);
}

/* What failed is told. */
static int ask(const struct commit *commit, struct party *party, const char *verb, const char *option, bool with_set)
{
	int status = request(commit, party, verb, option, with_set, STDOUT_FILENO, STDERR_FILENO);

	if (status < 0 && status != -EINTR)
		tell_unanswered(commit, party, status);
	return status;
}

/* Of two statuses. What is refused cannot be had by an answer. */
static int worse(int a, int b)
{
	if (a == EXIT_REFUSED || b == EXIT_REFUSED)
		return EXIT_REFUSED;
	return a > b ? a : b;
}

/* Whoever did not run when it was asked last may run by now. */
static void begin_anew(void)
{
	for (size_t i = 0; i < PARTIES; i++)
		parties[i].absent = parties[i].asked = false;
}

int commit_plan(struct commit *commit)
{
	static const enum party_name order[PARTIES] = { MANAGEMENT, NICS, DATAPLANE };
	struct plan_text *text = &commit->plan;
	int worst = 0, err = 0, statuses[PARTIES] = { 0 };
	size_t answered = 0;

	begin_anew();
	plan_text_init(text, commit->typed);
	for (size_t i = 0; i < PARTIES && !err; i++) {
		struct party *party = &parties[order[i]];
		int status;

		err = plan_text_begin(text);
		status = err ? err : request(commit, party, "plan", "--lines", true, text->out_fd, text->err_fd);
		statuses[order[i]] = status;
		if (status == -EINTR) {
			err = status;
			break;
		}
		if (party->absent)
			continue;
		/* What broke off is no answer. */
		if (status >= 0)
			plan_text_end(text, party->path ? party->name : NULL, status == EXIT_ASKED);
		answered++;
		/* One that does not answer will not apply anything. */
		worst = worse(worst, status < 0 || (status && status < EXIT_REFUSED) ? EXIT_REFUSED : status);
	}
	/* Behind all lines: what is wrong with one service is not to stand between them. */
	for (size_t i = 0; i < PARTIES && err != -EINTR; i++)
		if (statuses[order[i]] < 0)
			tell_unanswered(commit, &parties[order[i]], statuses[order[i]]);
	plan_text_tell_refusals(text);
	plan_text_close(text);
	if (err == -EINTR)
		return SIGNALLED + SIGINT;
	if (answered && !worst && !text->lines)
		printf("  no peer, no address of a NIC and no key of .env changes in the files\n");
	return answered ? worst : 1;
}

static void leave(struct commit *commit, const struct party *party)
{
	size_t len = strlen(commit->left);

	text_format(commit->left + len, sizeof(commit->left) - len, "%s%s", len ? ", " : "", party->name);
}

/* Those that were asked are as before, but for the ones that are left. */
static void undo(struct commit *commit)
{
	interrupt_clear(); /* which ended the commit, and is not to end this */
	commit->left[0] = '\0';
	for (size_t i = PARTIES; i-- > 0;)
		if (parties[i].asked && ask(commit, &parties[i], "undo", "--quiet", false) != 0)
			leave(commit, &parties[i]);
}

static int tell_silent(const struct commit *commit, unsigned count)
{
	say_err("%s of %u peer%s that %s up is heard on management for %d s%s", commit->judged ? "none" : "warning: none", count,
		text_plural(count), count == 1 ? "was" : "were", JUDGE_WAIT_S, commit->judged ? "" : ": the dataplane follows");
	return commit->judged;
}

/* A database that loses both paths at once splits; half a minute costs less. What the management service does not outlive is nothing
 * for the dataplane. */
static int await_management(const struct commit *commit)
{
	const char *why;
	unsigned count;

	if (parties[MANAGEMENT].absent)
		return 0;
	switch (judge_wait(commit->run_dir, &count, &why)) {
	case JUDGE_HEARD:
		break;
	case JUDGE_SILENT:
		return tell_silent(commit, count);
	case JUDGE_UNKNOWN:
		say_err("whether a peer is heard on management is not known: %s", why);
		return 1;
	case JUDGE_INTERRUPTED:
		return -EINTR;
	}
	return 0;
}

static int hand_over(const struct commit *commit, const struct party *party)
{
	int run_fd = open(commit->run_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int err = run_fd < 0 ? -errno : applied_save(run_fd, party->name, commit->set, party->path ? ~0u : 1u << CONF_NETWORK, false);

	if (run_fd >= 0)
		close(run_fd);
	if (err < 0)
		say_err("%s: it does not run, and what it is to start from cannot be written: %s", party->name, strerror(-err));
	return err;
}

/* Whoever did not run when it was planned is to start from the set, and not from what ran before; it is asked behind that, since
 * it may have started in front of it. A service is there to be asked before it looks for what to start from. */
static int apply_to_absent(const struct commit *commit, struct party *party)
{
	int status = hand_over(commit, party);

	if (status)
		return status;
	party->absent = false;
	status = request(commit, party, "apply", "--quiet", true, STDOUT_FILENO, STDERR_FILENO);
	return party->absent ? 0 : status;
}

/* Whoever can fail goes first; the dataplane behind management in any case. */
static bool is_late(const struct party *party)
{
	return party->absent || (party == &parties[DATAPLANE] && parties[MANAGEMENT].absent);
}

/* NULL, or who failed. */
static const struct party *apply_all(struct commit *commit, int *status)
{
	for (int late = 0; late <= 1; late++)
		for (size_t i = 0; i < PARTIES; i++) {
			struct party *party = &parties[i];

			if (party->asked || (!late && is_late(party)))
				continue;
			if (i == DATAPLANE && !party->absent && (*status = await_management(commit)))
				return &parties[MANAGEMENT];
			party->asked = true;
			*status = party->absent ? apply_to_absent(commit, party) : ask(commit, party, "apply", "--quiet", true);
			if (*status)
				return party;
		}
	return NULL;
}

int commit_apply(struct commit *commit)
{
	char what[WHAT_LEN] = "interrupted";
	int status = 0;
	const struct party *failed = apply_all(commit, &status);

	if (!failed)
		return 0;
	commit->interrupted = status == -EINTR;
	if (!commit->interrupted)
		text_format(what, sizeof(what), "%s failed", failed->name);
	undo(commit);
	if (commit->left[0])
		say_err("%s, and not all could be put back: %s. It is tried again: `show`", what, commit->left);
	else
		say_err("%s: the NICs and the paths are as they were", what);
	if (commit->interrupted)
		return SIGNALLED + SIGINT;
	return status < 0 ? 1 : status;
}

void commit_undo(struct commit *commit)
{
	for (size_t i = 0; i < PARTIES; i++)
		parties[i].asked = true;
	undo(commit);
}

void commit_apply_to_each(struct commit *commit)
{
	begin_anew();
	commit->left[0] = '\0';
	for (size_t i = 0; i < PARTIES; i++)
		if (ask(commit, &parties[i], "apply", "--quiet", true) != 0)
			leave(commit, &parties[i]);
}

void commit_keep(const struct commit *commit)
{
	for (size_t i = 0; i < PARTIES; i++)
		/* Once more where it was killed with the question, and is back. */
		if (!parties[i].absent && ask(commit, &parties[i], "keep", NULL, false) < 0 && !parties[i].absent)
			(void)ask(commit, &parties[i], "keep", NULL, false);
}

void commit_tell_status(const char *run_dir)
{
	const struct commit commit = { .run_dir = run_dir, .set_fd = -1 };

	for (size_t i = 0; i < PARTIES; i++)
		if (parties[i].path)
			(void)ask(&commit, &parties[i], "status", NULL, false);
}

#include "config/owner.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/exit.h"
#include "base/interrupt.h"
#include "base/paths.h"
#include "base/terminal.h"
#include "base/text.h"
#include "conf/applied.h"
#include "conf/edited.h"
#include "config/adopt.h"
#include "config/commit.h"

/* A disk that takes nothing is no reason to change nothing: what runs is in memory. */
static int open_store(struct owner *owner)
{
	int err = store_open(&owner->store, owner->data_fd);

	return err < 0 ? err : adopt_applied(&owner->store, owner->data_fd);
}

int owner_open(struct owner *owner)
{
	int err = generations_open(&owner->generations, owner->run_dir);

	if (err == -EBUSY)
		(void)fprintf(stderr, "another reconfigure is under way (process %d): nothing was changed\n", (int)owner->generations.owner);
	else if (err < 0)
		(void)fprintf(stderr, "%s: %s: nothing was changed\n", owner->run_dir, strerror(-err));
	if (err < 0)
		return 1;
	owner->data_fd = open(owner->data_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (owner->data_fd < 0) {
		(void)fprintf(stderr, "cannot open %s: %s: nothing was applied, what runs keeps running\n", owner->data_dir, strerror(errno));
		generations_close(&owner->generations);
		return 1;
	}
	owner->store_err = open_store(owner);
	return 0;
}

void owner_close(struct owner *owner)
{
	store_close(&owner->store);
	close(owner->data_fd);
	generations_close(&owner->generations);
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

static int plan(const struct owner *owner, struct commit *commit)
{
	int status = commit_plan(commit);

	if (status == EXIT_ASKED && owner->asks && confirm()) {
		commit->force = true;
		status = 0;
	}
	if (status)
		printf("neither the NICs nor the paths were changed\n");
	return status;
}

/* What the services fall back to in this life of the machine, should one have to start from nothing. */
static void keep_in_memory(const struct owner *owner, const struct conf_set *set)
{
	(void)applied_save(owner->generations.run_fd, APPLIED_CONFIRMED, set, ~0u, false);
	(void)unlinkat(owner->generations.run_fd, HELD_FILE, 0);
}

/* The pointer first: by the time that the services have kept it, or some of them, it counts. */
static void settle(struct owner *owner, const struct commit *commit, unsigned number, const struct conf_set *set)
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
		edited_forget(owner->data_fd);
	commit_keep(commit);
	keep_in_memory(owner, set);
}

static int commit_generation(struct owner *owner, struct commit *commit, unsigned number, const struct conf_set *set,
			     const struct about *about)
{
	bool fresh = number != owner->store.confirmed;
	int status;

	interrupt_hear(); /* from here on it ends the commit, and not this process */
	status = plan(owner, commit);
	if (status)
		return status;
	if (!owner->store_err && fresh)
		owner->store_err = store_write(&owner->store, number, set, about);
	status = commit_apply(commit);
	if (!status)
		settle(owner, commit, number, set);
	else if (!owner->store_err && fresh)
		store_tell(&owner->store, number, ABOUT_FAILED);
	return status;
}

/* Files that run are no new generation. */
static unsigned number_of(const struct owner *owner, const struct conf_set *set)
{
	unsigned highest = generations_highest(&owner->generations);

	if (owner->store_err)
		return highest + 1;
	if (owner->store.confirmed && store_find(&owner->store, set) == owner->store.confirmed)
		return owner->store.confirmed;
	return (store_highest(&owner->store) > highest ? store_highest(&owner->store) : highest) + 1;
}

int owner_commit(struct owner *owner, const struct conf_set *set, const char *by, const char *summary)
{
	struct commit commit = { .run_dir = owner->run_dir, .force = owner->force };
	struct about about = { .state = ABOUT_NEW, .when_s = time(NULL) };
	unsigned number = number_of(owner, set);
	int status;

	text_format(about.by, sizeof(about.by), "%s", by);
	text_format(about.summary, sizeof(about.summary), "%s", summary);
	commit.set_fd = generation_make(&owner->generations, number, set);
	if (commit.set_fd < 0) {
		(void)fprintf(stderr, "%s: %s: nothing was applied\n", owner->run_dir, strerror(-commit.set_fd));
		return 1;
	}
	status = commit_generation(owner, &commit, number, set, &about);
	close(commit.set_fd);
	generation_settle(&owner->generations, number, status == 0);
	return status;
}

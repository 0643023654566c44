/* The owner of every change, one process at a time: a set of files becomes a generation, runs on all services, and is confirmed;
 * or what ran before runs on. */
#ifndef CONFIG_OWNER_H
#define CONFIG_OWNER_H

#include "base/pending.h"
#include "config/access.h"

struct commit;

/* by: by what it came; summary: what is said of it. An exit status; what each service said was said. */
int owner_commit(struct owner *owner, const struct conf_set *set, const char *by, const char *summary);
/* The set as a generation in memory, under that number: an exit status; outcome: what is said not to happen when it cannot be. */
int owner_make(const struct owner *owner, struct commit *commit, unsigned number, const char *outcome);
/* What it changes, told, and asked about where it cuts what is alive: an exit status; 0: it may be applied, by force if that is set then. */
int owner_plan(const struct owner *owner, struct commit *commit);
/* The same of a set that is not to be applied now; outcome: as of owner_make. */
int owner_plan_set(const struct owner *owner, const struct conf_set *set, const char *outcome);
bool owner_waits(const struct owner *owner); /* something was applied and waits for a word, or will be at its time: told */
int owner_confirm(struct owner *owner); /* what waits for it: an exit status */
/* What waits, or was left half way, is undone. By what is in memory alone, and pending for as long as not all of
 * it is undone: an exit status. */
int owner_put_back(struct owner *owner, enum pending_cause cause);
void owner_tell_undone(struct owner *owner); /* the partition, of the above: what may wait for a disk */

#endif

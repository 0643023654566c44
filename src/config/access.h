/* What a process needs to own a change: the lock of it, what is in memory, and the partition, when that is needed. */
#ifndef CONFIG_ACCESS_H
#define CONFIG_ACCESS_H

#include "config/generation.h"
#include "config/store.h"

struct owner {
	const char *data_dir, *run_dir;
	bool force;
	unsigned confirm_min; /* it is undone after so long unless it is confirmed; 0: it is, at once */
	bool asks; /* there is someone at the console who may say yes */
	char typed[48]; /* what for, as a person types it: --force goes behind that */
	bool plans; /* what changes is told, and nothing applied */
	void (*replace)(struct owner *owner); /* what runs is none of the files, which are replaced by this; NULL: it is they */
	/* what follows is owner_lock's, owner_load's and owner_look's */
	struct generations generations; /* in memory */
	int data_fd;                    /* the partition; -1: not looked at yet */
	struct store store;
	int store_err;   /* why there is no store, 0: there is one */
	unsigned undone; /* was put back, and the partition does not know it yet; 0: none */
};

/* A process owns a change from owner_lock on. What it needs of the partition comes by owner_load, which a disk that hangs holds
 * up; owner_open is both. 0, or the exit status: it was said why. */
int owner_lock(struct owner *owner);
int owner_load(struct owner *owner);
int owner_open(struct owner *owner);
int owner_open_to_plan(struct owner *owner); /* the same, and nothing is written to the partition */
int owner_look(struct owner *owner); /* for who changes nothing: no lock, nothing is written */
void owner_close(struct owner *owner);

bool owner_may(const struct owner *owner, const char *question); /* someone is there, and says yes; the question says how */

/* What runs is confirmed as that: the workers fall back to it. fd: of a directory with the set, closed here. 0 or -errno. */
int owner_remember_as(const struct owner *owner, unsigned number, int fd);
unsigned owner_remembered(const struct owner *owner); /* its number, 0: not known */
/* What is confirmed goes into memory, where the services look for what they fall back to: false when it cannot be had, told. */
bool owner_remember(const struct owner *owner);

#endif

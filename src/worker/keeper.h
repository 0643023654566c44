/* Keeps a set that came up as the fallback for the next boot, in a child process: fsync(2) may take seconds, and the service
 * has others to answer meanwhile. */
#ifndef WORKER_KEEPER_H
#define WORKER_KEEPER_H

#include "conf/set.h"
#include "worker/helper.h"

struct keeper {
	struct helper helper;
	struct loop *loop;
	const char *dir; /* these four are looked at when a child starts */
	const char *name;
	const struct conf_set *set;
	unsigned files; /* of set, as applied_save takes them */
	bool again; /* something newer is to be kept once the child is done */
	int err;    /* what the child said */
	void (*done)(struct keeper *keeper, int err); /* 0 or -errno of applied_save */
};

/* Behind one that is under way, which a disk that hangs may hold for ever: nothing waits for it here. done may be called
 * before it returns, when there can be no child. */
void keeper_start(struct keeper *keeper, struct loop *loop, const char *dir, const char *name,
		  const struct conf_set *set, unsigned files);
bool keeper_forget(struct keeper *keeper); /* what waits is not to be kept any more, its set changes: true if any did */
void keeper_stop(struct keeper *keeper); /* waits until what is under way is kept: the last thing a service does */

#endif

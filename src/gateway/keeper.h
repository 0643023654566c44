/* Keeps a set that came up as the fallback for the next boot, in a child process: fsync(2) may take seconds, and the service
 * may carry packets. */
#ifndef GATEWAY_KEEPER_H
#define GATEWAY_KEEPER_H

#include "conf/set.h"
#include "gateway/helper.h"

struct keeper {
	struct helper helper;
	int conf_dir_fd;            /* for the child alone, as are the next two */
	const char *name;
	const struct conf_set *set;
	int err; /* what the child said */
	void (*done)(struct keeper *keeper, int err); /* 0 or -errno of applied_save */
};

/* One that is under way is given up for this one. done may be called before it returns, when there can be no child. */
void keeper_start(struct keeper *keeper, struct loop *loop, int conf_dir_fd, const char *name,
		  const struct conf_set *set);
void keeper_stop(struct keeper *keeper); /* waits until what is under way is kept */

#endif

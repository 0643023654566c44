/* A process beside a service, for as long as that lives: an image of this binary under another name, that has of the service's
 * memory and descriptors nothing but what it is given; base/servant.h is its part. One that ends is started again. */
#ifndef WORKER_BESIDE_H
#define WORKER_BESIDE_H

#include <stdbool.h>

#include "worker/helper.h"

enum { BESIDE_ARG_LEN = 128 };

struct beside {
	const char *applet;
	struct loop *loop;
	char arg[BESIDE_ARG_LEN];
	int fd; /* becomes its standard input; ours, -1: none */
	struct helper helper;
	struct loop_timer again;
	bool wanted, told;
};

/* From now on it runs; fd is taken over. Nothing is done while it runs already, and fd is -1. */
void beside_start(struct beside *beside, struct loop *loop, const char *applet, const char *arg, int fd);
void beside_stop(struct beside *beside); /* also when it does not run */
void beside_finish(struct beside *beside, int wait_ms); /* the same for one that ends by itself now, if it does within that time */

#endif

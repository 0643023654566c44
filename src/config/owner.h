/* The owner of every change, one process at a time: a set of files becomes a generation, runs on all services, and is confirmed;
 * or what ran before runs on. */
#ifndef CONFIG_OWNER_H
#define CONFIG_OWNER_H

#include "config/generation.h"
#include "config/store.h"

struct owner {
	const char *data_dir, *run_dir;
	bool force;
	bool asks; /* there is someone at the console who may say yes */
	/* what follows is owner_open's */
	int data_fd;
	struct generations generations;
	struct store store;
	int store_err; /* why there is no store, 0: there is one */
};

int owner_open(struct owner *owner); /* 0, or the exit status; it was said why */
void owner_close(struct owner *owner);

/* What is said of a set, and by what it came. An exit status; what each service said was said. */
int owner_commit(struct owner *owner, const struct conf_set *set, const char *by, const char *summary);

#endif

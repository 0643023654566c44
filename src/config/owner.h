/* The owner of every change, one process at a time: a set of files becomes a generation, runs on all services, and is confirmed;
 * or what ran before runs on. */
#ifndef CONFIG_OWNER_H
#define CONFIG_OWNER_H

#include "config/generation.h"
#include "config/store.h"

struct owner {
	const char *data_dir, *run_dir;
	bool force;
	unsigned confirm_min; /* it is undone after so long unless it is confirmed; 0: it is, at once */
	bool asks; /* there is someone at the console who may say yes */
	void (*replace)(struct owner *owner); /* what runs is none of the files, which are replaced by this; NULL: it is they */
	/* what follows is owner_open's */
	int data_fd;
	struct generations generations;
	struct store store;
	int store_err; /* why there is no store, 0: there is one */
};

int owner_open(struct owner *owner); /* 0, or the exit status; it was said why */
int owner_look(struct owner *owner); /* the same for who changes nothing: while another process does, too */
void owner_close(struct owner *owner);

/* by: by what it came; summary: what is said of it. An exit status; what each service said was said. */
int owner_commit(struct owner *owner, const struct conf_set *set, const char *by, const char *summary);
int owner_confirm(struct owner *owner); /* what waits for it: an exit status */
/* What waits, or was left half way, is undone; why: of the files. An exit status: unless 0 not all of it yet. */
int owner_put_back(struct owner *owner, const char *why);

/* What is confirmed goes into memory, where the services look for what they fall back to: false when it cannot be had, told. */
bool owner_remember(const struct owner *owner);

#endif

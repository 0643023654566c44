/* Generations: the four files as they were at one time, under a number, in memory (RUN/generations/N). One commit at a time
 * makes one; the highest is the last that was committed. */
#ifndef CONFIG_GENERATION_H
#define CONFIG_GENERATION_H

#include <sys/types.h>

#include "conf/set.h"

struct generations {
	int run_fd, dir_fd;
	unsigned number; /* of the one that generation_make made */
	pid_t owner;     /* of the lock, when that is another process */
};

/* Takes the lock, until generations_close or the end of this process: 0; -EBUSY with owner, or -errno. */
int generations_open(struct generations *generations, const char *run_dir);
void generations_close(struct generations *generations);

int generation_make(struct generations *generations, const struct conf_set *set); /* a descriptor of it that the caller closes, or -errno */
/* It was committed: those before it go; or it was not, and goes itself. */
void generation_settle(struct generations *generations, bool committed);

#endif

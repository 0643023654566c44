/* Generations: the four files as they were at one time, under a number, in memory (RUN/generations/N). One commit at a time
 * makes one; the highest is the last that was committed. */
#ifndef CONFIG_GENERATION_H
#define CONFIG_GENERATION_H

#include <sys/types.h>

#include "conf/set.h"

struct generations {
	int run_fd, dir_fd, lock_fd;
	pid_t owner;     /* of the lock, when that is another process */
};

/* Takes the lock, until generations_close or the end of this process: 0; -EBUSY with owner, or -errno. */
int generations_open(struct generations *generations, const char *run_dir);
pid_t generations_owner(int run_fd); /* of the lock, 0: no other process */
void generations_close(struct generations *generations);

unsigned generations_highest(const struct generations *generations); /* 0: there is none */
/* A descriptor of it that the caller closes, or -errno; of one that is there, of a new one. */
int generation_open(const struct generations *generations, unsigned number);
int generation_make(const struct generations *generations, unsigned number, const struct conf_set *set);
/* It was committed: the others go; or it was not, and goes itself. */
void generation_settle(const struct generations *generations, unsigned number, bool committed);

#endif

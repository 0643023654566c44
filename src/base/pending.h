/* What is not over yet, in memory (RUN/pending): a commit that is under way, or one that is undone unless someone confirms it. It
 * outlives the process that wrote it. */
#ifndef BASE_PENDING_H
#define BASE_PENDING_H

#include <stdbool.h>
#include <stdint.h>

enum { PENDING_WORDS_LEN = 256 };

enum pending_step {
	PENDING_APPLIED,    /* by some of the workers or all, and not confirmed */
	PENDING_CONFIRMING, /* the partition alone knows whether it is */
	PENDING_CONFIRMED,  /* it is, and the workers do not know it yet */
	PENDING_STEPS,
};

struct pending {
	unsigned number;
	enum pending_step step;
	uint64_t due_ns; /* by clock_now_ns(); 0: under way, for as long as its process lives */
};

bool pending_read(int run_fd, struct pending *pending);
int pending_write(int run_fd, const struct pending *pending, const char *words); /* words for `show`, one line; 0 or -errno */
void pending_remove(int run_fd);

#endif

/* What is not over yet, in memory (RUN/pending): a commit that is under way, or one that is undone unless someone confirms it. It
 * outlives the process that wrote it. */
#ifndef BASE_PENDING_H
#define BASE_PENDING_H

#include <stdbool.h>
#include <stdint.h>

enum { PENDING_WORDS_LEN = 256 };

enum pending_step {
	PENDING_APPLIED,    /* as long as nothing else is said: by some of the workers or all, and not confirmed */
	PENDING_CONFIRMING, /* the partition alone knows whether it is */
	PENDING_CONFIRMED,  /* it is, and the workers do not know it yet */
	PENDING_STEPS,
};

/* Why it is undone. */
enum pending_cause {
	PENDING_CUT_OFF, /* what applied it is gone: as long as nothing else is said */
	PENDING_FAILED,
	PENDING_LATE,   /* no one confirmed it */
	PENDING_LOST,   /* no peer was heard any more */
	PENDING_UNDONE, /* someone wanted it so */
	PENDING_CAUSES,
};

extern const char *const pending_cause_words[PENDING_CAUSES]; /* behind "the files" */

struct pending {
	unsigned number;
	enum pending_step step;
	enum pending_cause cause; /* it stays for as long as undoing is tried */
	uint64_t due_ns; /* by clock_now_ns(); 0: under way, for as long as its process lives */
};

bool pending_read(int run_fd, struct pending *pending);
int pending_write(int run_fd, const struct pending *pending, const char *words); /* words for `show`, one line; 0 or -errno */
void pending_remove(int run_fd);

#endif

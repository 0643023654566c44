/* Both paths asked at once, from outside of their services. */
#ifndef GATEWAY_ASK_H
#define GATEWAY_ASK_H

#include "base/text.h"
#include "gateway/profile.h"
#include "report/overview.h"

/* A service that says nothing for so long is taken for one that hangs: a screen is there within a moment all the same. */
enum { ASK_SILENCE_MS = 1500, ASK_ANSWER_MAX = 1 << 20 };

struct ask {
	int fd;     /* -errno: it could not be asked */
	int answer; /* in memory, until ask_answer; -1: there is none */
	int status; /* of the verb; negative: what was said is not all of it */
};

/* words end with NULL. */
void ask_both(const char *run_dir, char *const words[], unsigned silence_ms, struct ask asked[static PROFILES]);
struct slice ask_answer(struct ask *asked, char text[static ASK_ANSWER_MAX]);

/* Neither has it; or one of them did not say. */
void ask_print_no_peer(const char *name, bool silent);

/* What they say of themselves and their peers. */
void ask_overview(struct overview *overview, const char *run_dir);

#endif

/* What the services say to a plan, put together for the one who decides: lines of what changes, then what is cut. */
#ifndef CONFIG_PLAN_TEXT_H
#define CONFIG_PLAN_TEXT_H

#include <stdbool.h>
#include <stddef.h>

enum { PLAN_CUTS_LEN = 256, PLAN_CUTS_MAX = 8, PLAN_CUT_LEN = 96 };

struct plan_text {
	int out_fd, err_fd; /* of the service that is asked: for its answer */
	int refusals_fd;
	const char *typed; /* what is planned: where it takes --force, that goes behind */
	unsigned told, cut_kinds; /* kinds of lines, bits 1 << enum plan_kind: of what changes, and of what is cut */
	unsigned told_before, cut_before; /* those of the services before this one */
	size_t lines;
	char cut[PLAN_CUTS_MAX][PLAN_CUT_LEN]; /* "1 peer", "2 sessions of management", "the last NIC address" */
	size_t cut_count;
};

void plan_text_init(struct plan_text *plan, const char *typed);
int plan_text_begin(struct plan_text *plan);                                /* a service is asked: 0 or -errno */
void plan_text_end(struct plan_text *plan, const char *path, bool asked); /* it answered; path: its name when it is one, or NULL */
const char *plan_text_cuts(const struct plan_text *plan, char words[static PLAN_CUTS_LEN]); /* "1 peer, 2 sessions of management and the last NIC address" */
void plan_text_tell_refusals(const struct plan_text *plan); /* why services would not apply it, behind what each of them changes */
void plan_text_close(struct plan_text *plan);

#endif

/* A line of a plan as a service says it to a program: its kind, a tab, the words for people. */
#ifndef BASE_PLAN_LINE_H
#define BASE_PLAN_LINE_H

#include "base/text.h"

/* What a line is about, or what is cut. */
enum plan_kind {
	PLAN_NICS, /* the host: its NICs, its filter, its time */
	PLAN_PEER, /* peers, which both paths have, */
	PLAN_ENV,  /* and names of .env that both have */
	PLAN_PATH, /* one path alone: names of .env of its own, its sessions */
	PLAN_KINDS
};

const char *plan_kind_word(enum plan_kind kind);

/* Its kind, and its words; PLAN_KINDS: it has none, and all of it is words. */
enum plan_kind plan_line_read(struct slice line, struct slice *words);

#endif

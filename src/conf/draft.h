/* A text that someone edits line by line: what each edit makes of it, and the way back. Pure. */
#ifndef CONF_DRAFT_H
#define CONF_DRAFT_H

#include "base/text.h"
#include "conf/limits.h"

enum { DRAFT_KEPT = 8 };

struct draft_text {
	size_t len;
	char bytes[CONF_PUBLIC_MAX];
};

/* Large: static storage only. May hold keys: whoever has it wipes it. */
struct draft {
	struct draft_text now, kept[DRAFT_KEPT]; /* the last one is kept[(kept_next - 1) % DRAFT_KEPT] */
	unsigned kept_next, kept_count;
};

void draft_open(struct draft *draft, struct slice text);

unsigned draft_count(const struct draft *draft);

/* From 1, without its end; false when there is none. Borrowed until the next edit. */
bool draft_line(const struct draft *draft, unsigned number, struct slice *line);

/* Lines keep their ends, and one that is put between others gets theirs. 0; -ENOENT: there is no such line; -EINVAL: line holds
 * a line end; -EFBIG: more than limit. */
int draft_replace(struct draft *draft, unsigned number, struct slice line, size_t limit);
int draft_insert(struct draft *draft, unsigned before, struct slice line, size_t limit); /* one more than there are: at the end */
int draft_delete(struct draft *draft, unsigned number);

bool draft_undo(struct draft *draft); /* false when nothing is left to take back */

enum draft_verb { DRAFT_NONE, DRAFT_OPEN, DRAFT_INSERT, DRAFT_DELETE, DRAFT_LIST, DRAFT_CHECK, DRAFT_VIEW, DRAFT_UNDO, DRAFT_WRITE, DRAFT_QUIT };

/* "12", "i", "i 12", "d 12", "l", "l 12", "c", "v", "u", "w", "q": DRAFT_NONE for anything else. number: 0 when none was given. */
enum draft_verb draft_verb_of(struct slice words, unsigned *number);

#endif

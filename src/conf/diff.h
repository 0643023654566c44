/* What of a text changed, line by line. Pure, without memory of its own; the shortest answer it gives where changes are no
 * longer than its window, and one that is right always. */
#ifndef CONF_DIFF_H
#define CONF_DIFF_H

#include "base/text.h"
#include "conf/files.h"

/* sign: '-' for a line of before that is gone, '+' for one of after that is new, ' ' for one in both. number: from 1, in
 * before where it is gone, else in after. text has its line end. */
typedef void diff_fn(void *arg, char sign, unsigned number, struct slice text);

void diff_lines(struct slice before, struct slice after, diff_fn *change, void *arg);

/* For people, secrets hidden: the file's name, then each line that changed, under the [Section] it stands in. Nothing when
 * nothing changed; true when something did. */
bool diff_print(enum conf_file file, struct slice before, struct slice after, void (*line)(void *arg, const char *text),
		void *arg);

#endif

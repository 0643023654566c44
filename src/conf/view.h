/* A file with numbered lines, without its secrets, and what is wrong with it where it stands. Pure. */
#ifndef CONF_VIEW_H
#define CONF_VIEW_H

#include "base/text.h"
#include "conf/diag.h"
#include "conf/files.h"

enum { VIEW_LINES = 20 }; /* of a view that begins at a line */

/* from: the line that is asked for, 0 for all of the file. */
void view_print(enum conf_file file, struct slice text, unsigned from, const struct diag *diag,
		void (*line)(void *arg, const char *text), void *arg);

/* The lines alone that something is wrong with, VIEW_LINES at most; what is wrong with the set but stands in another file is left
 * out. */
void view_findings(enum conf_file file, struct slice text, const struct diag *diag, void (*line)(void *arg, const char *text),
		   void *arg);

/* That line alone, from 1. */
void view_line(enum conf_file file, struct slice text, unsigned number, const struct diag *diag,
	       void (*line)(void *arg, const char *text), void *arg);

#endif

/* Lines of the operator's files as a screen may have them: no secret, printable ASCII, 79 columns. Pure. */
#ifndef CONF_SHOWN_H
#define CONF_SHOWN_H

#include "base/text.h"
#include "conf/files.h"

enum { SHOWN_COLUMNS = 79, SHOWN_LEN = 1024 };

/* The line of file, without its end, into dst: what may be a secret as "(hidden)", other bytes as \xNN, and "..." behind what
 * there is no room for. */
void shown_line(enum conf_file file, struct slice line, char dst[static SHOWN_LEN]);

/* Nothing of the line is hidden by that. */
bool shown_is_whole(enum conf_file file, struct slice line);

/* label and text as rows of at most SHOWN_COLUMNS, those behind the first under the text. */
void shown_rows(const char *label, const char *text, void (*line)(void *arg, const char *text), void *arg);

#endif

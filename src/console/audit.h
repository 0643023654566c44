/* Who did what at which console: a line in the log for each command that changes something. */
#ifndef CONSOLE_AUDIT_H
#define CONSOLE_AUDIT_H

#include <stdbool.h>

#include "base/text.h"

/* status: its exit status. Words that may be a secret are left out. */
void audit_tell(int argc, char *const argv[], int status);

/* The words of it, each behind a blank: false where it only shows. Pure. */
bool audit_words(int argc, char *const argv[], int status, struct text *text);

/* Who came and went. */
void audit_note(const char *words);

#endif

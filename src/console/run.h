/* One command as a process of our own binary: waited for, and left behind when a disk holds it and Ctrl-C came,
 * which whoever calls hears (base/interrupt.h). */
#ifndef CONSOLE_RUN_H
#define CONSOLE_RUN_H

#include <stdbool.h>

enum { RUN_WORDS_MAX = 16 };

/* argv, the name of an applet and its words, NULL behind the last: its exit status; 128 and more when a signal ended it or
 * Ctrl-C the wait, 1 when it was not started. */
int run_words(const char *const argv[]);
bool run_idled(void); /* one of them has ended since no one typed, since that was asked last */

#endif

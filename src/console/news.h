/* Errors in the log, shown at a prompt around what is being typed. While consoles run the kernel prints none of them itself, since
 * it would print them into that. */
#ifndef CONSOLE_NEWS_H
#define CONSOLE_NEWS_H

#include <stdint.h>

#include "base/line.h"

/* The log from where this console is to tell of it, if whoever started it passed it on as the first descriptor behind standard
 * error. */
void news_open(void);

int news_fd(void);          /* can be read when there may be some; -1: there never are */
uint64_t news_due_ns(void); /* and not before */
void news_tell(struct line *line);

#endif

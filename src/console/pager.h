/* Between what a command prints and the terminal: a process of its own, so that commands know nothing of it. */
#ifndef CONSOLE_PAGER_H
#define CONSOLE_PAGER_H

#include <stdbool.h>

#include "console/page.h"

/* From here on standard output goes through the page: 0 or -errno, then nothing has changed. */
int pager_begin(const struct page *page);

/* Standard output is the terminal again, once all is printed, or whoever reads it has seen enough: true when no one typed for the next page. */
bool pager_end(void);

#endif

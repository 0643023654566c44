/* Who shows the log's errors: the kernel, on its consoles, or the consoles of ours, around what is being typed there. */
#ifndef INIT_CONSOLE_LEVEL_H
#define INIT_CONSOLE_LEVEL_H

#include <stdbool.h>

/* Taken over by our consoles while one runs. What the kernel says as its last word it prints all the same. */
void console_level_set(bool ours);

/* The log from here on, for a console to read: a descriptor that the caller closes, or -1. */
int console_level_log(void);

#endif

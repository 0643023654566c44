/* `log`: the kernel's ring buffer, where all of the appliance's processes write. */
#ifndef CONSOLE_LOG_H
#define CONSOLE_LOG_H

/* Prints the records that hold word (all for NULL), the last LOG_LINES of them. The exit status. */
enum { LOG_LINES = 200 };
int log_print(const char *word);

#endif

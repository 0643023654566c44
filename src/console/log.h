/* `log`: the kernel's ring buffer, where all of the appliance's processes write, and before that what the partition has of it. */
#ifndef CONSOLE_LOG_H
#define CONSOLE_LOG_H

/* Prints the records that the words behind argv[0] ask for (console/log_filter), the last LOG_LINES of them, with the time of the wall
 * clock. The exit status. */
enum { LOG_LINES = 200 };
int log_print(int argc, char **argv);

#endif

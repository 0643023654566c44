/* The operator's shell on the serial tty. It knows commands only: each runs as a process of its own, so that nothing
 * that goes wrong there takes the console along, and Ctrl-C ends it. */
#ifndef CONSOLE_CONSOLE_H
#define CONSOLE_CONSOLE_H

struct fits_tables;

int console_main(void);

/* The commands and their words. */
const struct fits_tables *console_tables(void);

#endif

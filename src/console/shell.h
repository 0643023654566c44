/* The loop of the console: a line is read and edited, made whole, and the command of the table is run. */
#ifndef CONSOLE_SHELL_H
#define CONSOLE_SHELL_H

#include "console/fits.h"

/* Until no more will come: the exit status. */
int shell_run(const struct fits_tables *tables);

#endif

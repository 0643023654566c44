/* What the console tells of commands and words, in lines that fit 79 columns. */
#ifndef CONSOLE_PRINT_H
#define CONSOLE_PRINT_H

#include "console/fits.h"

/* A command with its words, and what it does. */
void print_command(const struct command *command);

void print_fits(const struct fits *fits);

/* Below the line that was typed: a mark at column, and what is wrong there. near: what may have been meant, NULL. */
void print_mark(size_t column, const char *why, const char *word, size_t word_len, const char *near);

#endif

/* A word that asks how a program is called: the answer goes to standard output, with status 0. */
#ifndef BASE_HELP_H
#define BASE_HELP_H

#include <stdbool.h>
#include <string.h>

static inline bool help_option(const char *word)
{
	return !strcmp(word, "--help") || !strcmp(word, "-h");
}

/* All that stands behind the program's name is such a word, or `help`. */
static inline bool help_asked(int argc, char **argv)
{
	return argc == 2 && (help_option(argv[1]) || !strcmp(argv[1], "help"));
}

#endif

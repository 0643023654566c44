/* Which words fit at a place of a line, by the table of commands and that of their words. A pure core. */
#ifndef CONSOLE_FITS_H
#define CONSOLE_FITS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"
#include "console/words.h"

struct command {
	const char *name, *words, *help;
	int (*run)(int argc, char **argv);
};

struct fits_tables {
	const struct command *commands;
	size_t command_count;
	const struct word *words;
	size_t word_count;
	/* Names of that kind, the number-th; NULL behind the last. Borrowed until the next call. */
	const char *(*name)(void *arg, enum word_kind kind, size_t number);
	void *arg;
};

enum { FITS_MAX = 1100, FIT_LEN = 64 }; /* all peers of a full file, and what else fits */

struct fit {
	char word[FIT_LEN];
	const char *help;
	bool typed; /* not the word itself, but something that it stands for */
};

struct fits {
	struct fit list[FITS_MAX];
	size_t count;
	size_t begun;     /* characters of the word at the end */
	bool takes_any;   /* a word that no table knows fits too */
	bool takes_names; /* likewise, but most of them are known */
};

/* What fits at the end of line[len]: those that begin as the word there does, all after a blank. */
void fits_find(struct fits *fits, const struct fits_tables *tables, const char *line, size_t len);

/* Of those: what all of them have behind what is there, and a blank when it is one; at most cap - 1 characters. */
void fits_common(const struct fits *fits, char *rest, size_t cap);

/* Makes the words of a line whole, each that begins only one that fits. Where a word does not fit: its place in the line, with
 * why; else -1. Nothing is said of the words of a command that the table of words does not know. */
long fits_expand(const struct fits_tables *tables, char *line, size_t cap, const char **why);

/* What the word at line[wrong] may have been meant for, of all that fits there; NULL. Borrowed until the next call of any of these. */
const char *fits_near(const struct fits_tables *tables, const char *line, size_t wrong);

/* The table of words has a row of this kind for the command. */
bool fits_has(const struct fits_tables *tables, struct slice command, enum word_kind kind);
bool fits_has_word(const struct fits_tables *tables, struct slice command, enum word_kind kind, struct slice word); /* for that one */

#endif

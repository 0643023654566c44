/* The lines that were typed before, the newest last: in memory, and none that holds a key. */
#ifndef BASE_HISTORY_H
#define BASE_HISTORY_H

#include <stdbool.h>
#include <stddef.h>

enum { HISTORY_LINES = 64, HISTORY_LINE_LEN = 1024 };

struct history {
	char lines[HISTORY_LINES][HISTORY_LINE_LEN];
	size_t count, next;
	size_t at;                     /* the one that is shown, 1 the newest; 0: what is being typed */
	char draft[HISTORY_LINE_LEN];  /* what was being typed when another came to be shown */
	char word[HISTORY_LINE_LEN];   /* what is looked for */
	bool looks;
};

/* Left out: an empty line, the same as the last one, and one with a word as long as a key. */
void history_add(struct history *history, const char *text);

/* The newest is 1; NULL when there are not that many. Borrowed until the next line is added. */
const char *history_get(const struct history *history, size_t back);

/* The newest that holds word, of those from back on; 0 for none. */
size_t history_find(const struct history *history, size_t back, const char *word);

#endif

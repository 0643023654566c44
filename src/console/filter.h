/* What stands behind | in a line: `| WORD`, `| count`, `| json`, `| no-more`, one behind the other. A pure core. */
#ifndef CONSOLE_FILTER_H
#define CONSOLE_FILTER_H

#include <stdbool.h>
#include <stddef.h>

#include "console/page.h"

struct filter {
	const char *words[PAGE_WORDS_MAX]; /* borrowed from the line */
	size_t word_count;
	bool counts, json, no_more;
};

/* Cuts the line in front of the first |. Where something behind it cannot be obeyed: its place, with why; else -1. */
long filter_cut(struct filter *filter, char *line, const char **why);

/* What goes through the page is not what the command prints. */
bool filter_changes(const struct filter *filter);

#endif

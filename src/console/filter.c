#include "console/filter.h"

#include <string.h>

#define BLANKS " \t"

static void trim(char **text)
{
	size_t len;

	*text += strspn(*text, BLANKS);
	for (len = strlen(*text); len && strchr(BLANKS, (*text)[len - 1]); len--)
		(*text)[len - 1] = '\0';
}

long filter_cut(struct filter *filter, char *line, const char **why)
{
	char *bar = strchr(line, '|');

	*filter = (struct filter){ .word_count = 0 };
	while (bar) {
		char *part = bar + 1;

		*bar = '\0';
		bar = strchr(part, '|');
		if (bar)
			*bar = '\0';
		trim(&part);
		if (!strcmp(part, "count")) {
			filter->counts = true;
		} else if (!strcmp(part, "json")) {
			filter->json = true;
		} else if (!strcmp(part, "no-more")) {
			filter->no_more = true;
		} else if (*part && filter->word_count < PAGE_WORDS_MAX) {
			filter->words[filter->word_count++] = part;
		} else {
			*why = *part ? "one word too many:" : "a word is missing behind |";
			return part - line;
		}
	}
	return -1;
}

bool filter_changes(const struct filter *filter)
{
	return filter->word_count || filter->counts;
}

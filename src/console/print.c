#include "console/print.h"

#include <stdio.h>
#include <string.h>

enum {
	WIDTH = 79,
	INDENT = 2,
	HELP_AT = 28, /* where what a word means begins */
	ALIKE_MIN = 4, /* so many words of one meaning go behind each other */
	ALIKE_LINES = 12, /* and no more such lines */
};

/* From HELP_AT to WIDTH, cut at blanks. used: columns of the first line. */
static void print_help(const char *help, int used)
{
	const size_t room = WIDTH - HELP_AT;

	if (used > HELP_AT - 2) {
		printf("\n");
		used = 0;
	}
	do {
		size_t len = strlen(help), cut = len;

		if (len > room)
			for (cut = room; cut && help[cut] != ' ';)
				cut--;
		if (!cut)
			cut = len < room ? len : room;
		printf("%*s%.*s\n", HELP_AT - used, "", (int)cut, help);
		used = 0;
		help += cut + (help[cut] == ' ');
	} while (*help);
}

void print_command(const struct command *command)
{
	int used = printf("%*s%s%s%s", INDENT, "", command->name, *command->words ? " " : "", command->words);

	print_help(command->help, used);
}

/* How many from here on mean the same. */
static size_t alike(const struct fits *fits, size_t from)
{
	size_t count = 1;

	while (from + count < fits->count && fits->list[from + count].help == fits->list[from].help &&
	       !fits->list[from + count].typed)
		count++;
	return count;
}

/* Words behind each other: how many were printed. */
static void print_alike(const struct fit *list, size_t count)
{
	int column = 0;
	size_t lines = 1, i = 0;

	for (; i < count; i++) {
		int len = (int)strlen(list[i].word);

		if (column && column + 2 + len > WIDTH) {
			if (++lines > ALIKE_LINES)
				break;
			printf("\n");
			column = 0;
		}
		column += printf("%*s%s", INDENT, "", list[i].word);
	}
	printf("\n");
	if (i < count)
		printf("%*sand %zu more\n", INDENT, "", count - i);
}

void print_fits(const struct fits *fits)
{
	for (size_t i = 0, n; i < fits->count; i += n) {
		n = alike(fits, i);
		if (n >= ALIKE_MIN) {
			print_alike(fits->list + i, n);
			continue;
		}
		n = 1;
		print_help(fits->list[i].help ? fits->list[i].help : "",
			   printf("%*s%s", INDENT, "", fits->list[i].word));
	}
	if (!fits->count)
		printf("%*s%s\n", INDENT, "", fits->takes_any ? "any word" : "nothing fits behind this: Enter");
}

void print_mark(size_t column, const char *why, const char *word, size_t word_len, const char *near)
{
	if (column < WIDTH)
		printf("%*s^ ", (int)column, "");
	printf("%s %.*s: ", why, (int)word_len, word);
	if (near)
		printf("did you mean `%s`?\n", near);
	else
		printf("`?` tells what fits\n");
}

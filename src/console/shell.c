#include "console/shell.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/interrupt.h"
#include "base/terminal.h"
#include "base/text.h"
#include "base/version.h"
#include "console/print.h"
#include "console/run.h"

#define PROMPT "gateway> "
#define AGAIN "!!"

enum { LINE_LEN = 1024 };

static const struct fits_tables *tables;
static struct history history;
static struct line line;
static char bytes[LINE_LEN];

/* What could not be obeyed, to be mended: "" when there is nothing. */
static struct {
	char text[LINE_LEN];
	size_t at;
} offered;

/* By its whole name; NULL. */
static const struct command *find_command(struct slice name)
{
	for (size_t i = 0; i < tables->command_count; i++)
		if (slice_equal(name, tables->commands[i].name))
			return &tables->commands[i];
	return NULL;
}

static void obey(char *text)
{
	const struct command *command;
	char *argv[RUN_WORDS_MAX];
	int argc = 0;

	for (char *save = NULL, *word = strtok_r(text, " \t\r\n", &save); word; word = strtok_r(NULL, " \t\r\n", &save)) {
		if (argc == RUN_WORDS_MAX - 1) {
			printf("too many words\n");
			return;
		}
		argv[argc++] = word;
	}
	argv[argc] = NULL;
	command = argc ? find_command(slice_of(argv[0])) : NULL;
	if (command)
		command->run(argc, argv);
}

/* Behind the cursor nothing is asked for. What is abbreviated before it counts as if it were not. */
static const struct fits *fits_at_cursor(void)
{
	static struct fits fits;
	char text[LINE_LEN];
	const char *why;
	size_t begin = line.at, len;

	while (begin && line.bytes[begin - 1] != ' ' && line.bytes[begin - 1] != '\t')
		begin--;
	text_format(text, sizeof(text), "%.*s", (int)begin, line.bytes);
	(void)fits_expand(tables, text, sizeof(text), &why);
	len = strlen(text);
	text_format(text + len, sizeof(text) - len, "%.*s", (int)(line.at - begin), line.bytes + begin);
	fits_find(&fits, tables, text, strlen(text));
	return &fits;
}

/* ? tells what fits; Tab writes what all have in common, and tells when that is nothing. */
static void answer(enum line_event event)
{
	const struct fits *fits = fits_at_cursor();
	char rest[FIT_LEN + 1] = "";

	if (event == LINE_TAB)
		fits_common(fits, rest, sizeof(rest));
	if (*rest) {
		line_insert(&line, rest, strlen(rest));
		return;
	}
	if (event == LINE_TAB && !fits->count)
		return;
	printf("\n");
	print_fits(fits);
	(void)fflush(stdout);
	line_draw(&line);
}

/* The last line once more, shown as it is obeyed. */
static void recall(void)
{
	const char *last = history_get(&history, 1);

	text_format(bytes, sizeof(bytes), "%s", last ? last : "");
	if (last)
		printf("%s\n", last);
}

/* Marks the word at text[wrong] of what was made whole, as far as that went, and has the line come back. */
static void refuse(const char *text, size_t wrong, const char *why)
{
	size_t word_len = strcspn(text + wrong, " \t");
	struct slice rest = slice_of(text), name;
	const struct command *command = slice_word(&rest, &name) ? find_command(name) : NULL;

	/* What stands before it may have been shorter when it was typed. */
	offered.at = strlen(bytes) - strlen(text + wrong);
	text_format(offered.text, sizeof(offered.text), "%s", bytes);
	print_mark(strlen(PROMPT) + offered.at, why, text + wrong, word_len);
	if (command)
		printf("usage: %s %s\n", command->name, command->words);
	offered.at += word_len;
}

static void entered(void)
{
	char text[LINE_LEN];
	const char *why;
	long wrong;

	if (!strcmp(bytes, AGAIN))
		recall();
	history_add(&history, bytes);
	text_format(text, sizeof(text), "%s", bytes);
	wrong = fits_expand(tables, text, sizeof(text), &why);
	if (wrong < 0)
		obey(text);
	else
		refuse(text, (size_t)wrong, why);
}

int shell_run(const struct fits_tables *of)
{
	tables = of;
	terminal_open();
	interrupt_hear(); /* where it is no terminal, too */
	(void)signal(SIGQUIT, SIG_IGN);
	(void)signal(SIGTSTP, SIG_IGN);
	line_init(&line, bytes, sizeof(bytes), terminal_echo, NULL);
	line_edit(&line, PROMPT, &history);
	printf("\nMITIGATOR gateway %s. `help` lists the commands.\n", GATEWAY_VERSION);
	for (;;) {
		enum line_event event;

		printf(PROMPT);
		(void)fflush(stdout);
		line_begin(&line, bytes, sizeof(bytes));
		if (*offered.text)
			line_offer(&line, offered.text, offered.at);
		offered.text[0] = '\0';
		while ((event = terminal_read(&line)) == LINE_HELP || event == LINE_TAB)
			answer(event);
		if (event == LINE_GONE)
			return 0;
		if (event == LINE_DONE)
			entered();
		else if (event == LINE_TOO_LONG)
			printf("a line has at most %zu characters\n", sizeof(bytes) - 1);
		else if (event == LINE_END)
			printf("\n");
	}
}

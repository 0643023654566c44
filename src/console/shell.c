#include "console/shell.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/interrupt.h"
#include "base/keys.h"
#include "base/terminal.h"
#include "base/text.h"
#include "base/version.h"
#include "console/audit.h"
#include "console/filter.h"
#include "console/names.h"
#include "console/news.h"
#include "console/pager.h"
#include "console/print.h"
#include "console/recovery.h"
#include "console/run.h"
#include "console/session.h"

#define AGAIN "!!"
#define BLANKS " \t"

enum { LINE_LEN = 1024, PROMPT_LEN = 96 }; /* a name of any length, and what is special */

static const struct fits_tables *tables;
static struct history history;
static struct line line;
static char bytes[LINE_LEN], prompt[PROMPT_LEN];

static bool idled; /* what was obeyed last has ended since no one typed */

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

/* Its exit status. */
static int run_line(const struct command *command, char *text)
{
	char *argv[RUN_WORDS_MAX];
	int argc = 0, status;

	for (char *save = NULL, *word = strtok_r(text, BLANKS, &save); word; word = strtok_r(NULL, BLANKS, &save)) {
		if (argc == RUN_WORDS_MAX - 1) {
			printf("too many words\n");
			return 1;
		}
		argv[argc++] = word;
	}
	argv[argc] = NULL;
	status = command->run(argc, argv);
	audit_tell(argc, argv, status);
	return status;
}

static bool is_endless(const char *text)
{
	struct slice rest = slice_of(text), name, word;

	return slice_word(&rest, &name) && slice_word(&rest, &word) && fits_has_word(tables, name, WORD_ENDLESS, word);
}

/* In pages when someone sits there: a terminal that did not tell its size may be a script. */
static unsigned rows_of_page(void)
{
	return line.size_told ? line.rows : 0;
}

static int obey(const struct command *command, char *text, const struct filter *filter)
{
	bool paged = fits_has(tables, slice_of(command->name), WORD_PAGED);
	bool filtered = paged || fits_has(tables, slice_of(command->name), WORD_FILTERED);
	struct page page = {
		.word_count = filter->word_count,
		.counts = filter->counts,
		.rows = paged && !is_endless(text) && !filter->no_more ? rows_of_page() : 0,
		.columns = line.columns,
		.wraps = paged && line.size_told && !strstr(text, "--json"),
	};
	int err = 0, status = 1;

	if (filter_changes(filter) && !filtered) {
		printf("what %s prints cannot be filtered\n", command->name);
		return 1;
	}
	memcpy(page.words, filter->words, sizeof(page.words));
	if (page.rows || filter_changes(filter))
		err = pager_begin(&page);
	if (err < 0)
		printf("cannot filter: %s\n", strerror(-err));
	else
		status = run_line(command, text);
	idled = pager_end();
	idled = run_idled() || idled;
	idled = terminal_idled() || idled;
	/* What was meant for the command is not meant for the next prompt. */
	interrupt_clear();
	return status;
}

/* Behind the cursor nothing is asked for. What is abbreviated before it counts as if it were not. */
static const struct fits *fits_at_cursor(void)
{
	static struct fits fits;
	char text[LINE_LEN];
	const char *why;
	size_t begin = line.at, len;

	while (begin && !strchr(BLANKS "|", line.bytes[begin - 1]))
		begin--;
	text_format(text, sizeof(text), "%.*s", (int)begin, line.bytes);
	if (strchr(text, '|'))
		text_format(text, sizeof(text), "| ");
	(void)fits_expand(tables, text, sizeof(text), &why);
	len = strlen(text);
	text_format(text + len, sizeof(text) - len, "%.*s", (int)(line.at - begin), line.bytes + begin);
	fits_find(&fits, tables, text, strlen(text));
	return &fits;
}

/* What happens while a line is typed. ? tells what fits; Tab writes what all have in common, and tells when that is nothing. */
static void answer(enum line_event event)
{
	const struct page page = { .rows = rows_of_page(), .columns = line.columns };
	const struct fits *fits;
	char rest[FIT_LEN + 1] = "";

	if (event == LINE_NEWS) {
		news_tell(&line);
		return;
	}
	fits = fits_at_cursor();
	if (event == LINE_TAB)
		fits_common(fits, rest, sizeof(rest));
	if (*rest) {
		line_insert(&line, rest, strlen(rest));
		return;
	}
	if (event == LINE_TAB && !fits->count)
		return;
	printf("\n");
	if (page.rows)
		(void)pager_begin(&page); /* else it comes without a pause */
	print_fits(fits);
	(void)fflush(stdout);
	idled = (page.rows && pager_end()) || idled;
	interrupt_clear();
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

/* Marks the word at bytes[wrong], and has the line come back. near: what may have been meant, NULL. */
static void refuse(const struct command *command, size_t wrong, const char *why, const char *near)
{
	size_t word_len = strcspn(bytes + wrong, BLANKS "|");

	text_format(offered.text, sizeof(offered.text), "%s", bytes);
	offered.at = wrong + word_len;
	print_mark(strlen(prompt) + wrong, why, bytes + wrong, word_len, near);
	if (command)
		printf("usage: %s %s\n", command->name, command->words);
}

static const struct command *command_of(const char *text)
{
	struct slice rest = slice_of(text), name;

	return slice_word(&rest, &name) ? find_command(name) : NULL;
}

/* False when the command has no such form. */
static bool add_json(char *text, size_t cap)
{
	size_t len = strlen(text);
	const char *why;

	text_format(text + len, cap - len, " --json");
	return fits_expand(tables, text, cap, &why) < 0;
}

/* What is pasted behind a command that does not take it is no commands: it may be a file with a key in it. */
static void swallow(void)
{
	size_t count;

	(void)fflush(stdout);
	count = terminal_swallow();
	if (count)
		printf("%zu byte%s that came behind it %s not obeyed\n", count, text_plural(count), count == 1 ? "was" : "were");
}

static void refuse_long(void)
{
	printf("a line has at most %zu characters\n", sizeof(bytes) - 1);
	swallow();
}

/* What asks, or goes on, might still do so once there is a password. */
static bool is_early(const struct command *command, const char *text)
{
	struct slice rest = slice_of(text), word;
	bool alone = slice_word(&rest, &word) && !slice_word(&rest, &word);

	return fits_has(tables, slice_of(command->name), WORD_EARLY_WORDS) ||
	       (alone && fits_has(tables, slice_of(command->name), WORD_EARLY));
}

static bool is_pasted(const struct command *command)
{
	return command && fits_has(tables, slice_of(command->name), WORD_PASTED);
}

static void obey_line(void)
{
	char cut[LINE_LEN], whole[LINE_LEN];
	const struct command *command;
	struct filter filter;
	const char *why;
	long wrong;

	if (recovery_taken(bytes, line.fed))
		return;
	/* Nothing is told of it, not even what may have been meant. */
	if (!session_allows(true)) {
		swallow();
		return;
	}
	if (!strcmp(bytes, AGAIN))
		recall();
	text_format(cut, sizeof(cut), "%s", bytes);
	wrong = filter_cut(&filter, cut, &why);
	if (wrong >= 0) {
		history_add(&history, bytes);
		refuse(NULL, (size_t)wrong, why, NULL);
		return;
	}
	text_format(whole, sizeof(whole), "%s", cut);
	wrong = fits_expand(tables, whole, sizeof(whole), &why);
	/* A line of a file may hold a key. */
	if (wrong < 0 || command_of(whole))
		history_add(&history, bytes);
	/* What stands before it may have been shorter when it was typed. */
	if (wrong >= 0) {
		command = command_of(whole);
		refuse(command, strlen(cut) - strlen(whole + wrong), why, fits_near(tables, whole, (size_t)wrong));
		if (recovery_is_late(bytes))
			printf("recovery is offered for a few seconds of each boot: after `reboot`, answer then\n");
		if (!command || is_pasted(command))
			swallow();
	} else if (filter.json && !strstr(whole, "--json") && !add_json(whole, sizeof(whole))) {
		printf("this has no form for programs: | json fits behind `show`\n");
	} else if ((command = command_of(whole)) != NULL) {
		bool allowed = session_allows(is_early(command, whole));

		if ((!allowed || obey(command, whole, &filter)) && is_pasted(command))
			swallow();
	}
}

static void entered(void)
{
	idled = false;
	obey_line();
	/* No one types here either, and there is no wait as long once more. */
	if (idled && session_holds())
		session_idle();
}

int shell_run(const struct fits_tables *of)
{
	bool someone = false;

	tables = of;
	news_open();
	terminal_open();
	interrupt_hear(); /* where it is no terminal, too */
	(void)signal(SIGPIPE, SIG_IGN); /* of a pager that had enough */
	(void)signal(SIGQUIT, SIG_IGN);
	(void)signal(SIGTSTP, SIG_IGN);
	line_init(&line, bytes, sizeof(bytes), terminal_echo, NULL);
	line_edit(&line, prompt, &history);
	line.size_told = terminal_size(&line.rows, &line.columns);
	printf("\nMITIGATOR gateway %s. `help` lists the commands.\n", GATEWAY_VERSION);
	if (!recovery_print())
		recovery_print_offer();
	for (;;) {
		enum line_event event;

		if (!session_begin())
			return 0;
		/* Once someone sits there. Not in the middle of a paste: the answer would go into it. */
		if (someone && !line.size_asked && !line.size_told && !terminal_waiting())
			keys_ask_size(&line);
		names_prompt(prompt, sizeof(prompt));
		printf("%s", prompt);
		(void)fflush(stdout);
		line_begin(&line, bytes, sizeof(bytes));
		if (*offered.text)
			line_offer(&line, offered.text, offered.at);
		offered.text[0] = '\0';
		while (((event = terminal_read_or(&line, news_fd(), news_due_ns())) == LINE_HELP || event == LINE_TAB || event == LINE_NEWS) &&
		       session_holds())
			answer(event);
		if (event == LINE_GONE)
			return 0;
		someone = someone || event == LINE_DONE;
		if (event == LINE_DONE)
			entered();
		else if (event == LINE_TOO_LONG)
			refuse_long();
		else if (event == LINE_END || event == LINE_HELP || event == LINE_TAB || event == LINE_NEWS)
			printf("\n");
		else if (event == LINE_IDLE)
			session_idle();
	}
}

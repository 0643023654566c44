#include "gateway/edit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/here.h"
#include "base/row.h"
#include "base/terminal.h"
#include "base/text.h"
#include "conf/diff.h"
#include "conf/draft.h"
#include "conf/shown.h"
#include "conf/view.h"
#include "crypto/key.h"
#include "gateway/amend.h"
#include "gateway/operands.h"
#include "gateway/typed.h"

#define PROMPT "edit> "
#define END_LINE "." /* of what is inserted, as in ed(1) and `write` */

enum { PROMPT_LEN = 32 };

static struct draft *draft; /* large */
static struct draft_text opened; /* the file as it was */
static char bytes[CONF_LINE_MAX + 1];

static void print_verbs(void)
{
	puts("  12    open line 12; Enter keeps it, Ctrl-C leaves it as it was\n"
	     "  i 12  insert lines before line 12, i: at the end; a line with a single . ends\n"
	     "  d 12  delete line 12              u  take the last change back\n"
	     "  l 12  list from line 12           c  the lines that something is wrong with\n"
	     "  v     what `w` would change\n"
	     "  w     write the file and leave    q  leave it as it was");
}

static struct slice text_now(void)
{
	return (struct slice){ draft->now.bytes, draft->now.len };
}

static void look(enum conf_file file)
{
	diag_clear(&the_change.diag, false);
	conf_set_replace(&the_change.next, &the_change.now, file, text_now(), &the_change.diag);
	conf_set_check(&the_change.next, &the_change.facts, false, &the_change.diag);
}

/* What is wrong with the file, and not in that line. */
static size_t count_elsewhere(enum conf_file file, unsigned number)
{
	size_t count = 0;

	for (size_t i = 0; i < the_change.diag.count; i++) {
		const struct diag_finding *at = &the_change.diag.findings[i];

		count += at->level == DIAG_ERROR && at->line != number && !strcmp(at->file, conf_file_name(file));
	}
	return count;
}

static void print_changed(enum conf_file file, unsigned number)
{
	size_t elsewhere;

	look(file);
	if (number && number <= draft_count(draft))
		view_line(file, text_now(), number, &the_change.diag, row_print, NULL);
	elsewhere = count_elsewhere(file, number);
	if (elsewhere)
		printf("  %zu error%s in other lines: `c` lists them\n", elsewhere, text_plural(elsewhere));
}

static const char *words_of(int err)
{
	return err == -ENOENT ? "there is no such line" : err == -EFBIG ? "the file would be too large" : strerror(-err);
}

/* The line that begins as text, edited behind the prompt, into bytes. */
static enum line_event read_line(const char *prompt, struct slice text)
{
	static struct line line;
	enum line_event event;

	line_init(&line, bytes, sizeof(bytes), typed_echo, &line);
	line_edit(&line, prompt, NULL);
	line.size_told = terminal_size(&line.rows, &line.columns);
	printf("%s", prompt);
	(void)fflush(stdout);
	line_insert(&line, text.ptr, text.len);
	while ((event = terminal_read(&line)) == LINE_HELP || event == LINE_TAB)
		line_insert(&line, event == LINE_HELP ? "?" : "\t", 1); /* they are text here */
	if (event == LINE_TOO_LONG)
		printf("a line has at most %zu characters\n", sizeof(bytes) - 1);
	return event;
}

static void label_of(unsigned number, char prompt[static PROMPT_LEN])
{
	text_format(prompt, PROMPT_LEN, "    %u  ", number);
}

static void open_line(enum conf_file file, unsigned number)
{
	char prompt[PROMPT_LEN];
	struct slice line;
	int err;

	if (!draft_line(draft, number, &line)) {
		printf("%s has %u line%s\n", conf_file_name(file), draft_count(draft), text_plural(draft_count(draft)));
		return;
	}
	if (!shown_is_whole(file, line) || line.len >= sizeof(bytes)) {
		printf("line %u is %s: `d` takes it out, `i` puts another in\n", number,
		       line.len >= sizeof(bytes) ? "too long" : "not to be shown");
		return;
	}
	label_of(number, prompt);
	if (read_line(prompt, line) != LINE_DONE)
		return;
	err = draft_replace(draft, number, slice_of(bytes), conf_files[file].limit);
	if (err < 0)
		printf("%s\n", words_of(err));
	else
		print_changed(file, number);
}

static void insert_lines(enum conf_file file, unsigned number)
{
	unsigned count = draft_count(draft), at = number && number <= count ? number : count + 1, first = at;
	char prompt[PROMPT_LEN];
	int err = 0;

	for (label_of(at, prompt); !err && read_line(prompt, slice_of("")) == LINE_DONE && strcmp(bytes, END_LINE) != 0;) {
		err = draft_insert(draft, at, slice_of(bytes), conf_files[file].limit);
		label_of(++at, prompt);
	}
	if (err < 0)
		printf("%s\n", words_of(err));
	if (at == first)
		return;
	print_changed(file, 0);
}

static bool is_opened(struct slice text)
{
	return text.len == opened.len && !memcmp(text.ptr, opened.bytes, text.len);
}

static bool is_changed(void)
{
	return !is_opened(text_now());
}

static void print_difference(enum conf_file file, const char *dir)
{
	if (amend_open(&the_change, "edit", dir) && !diff_print(file, amend_text(&the_change, file), text_now(), row_print, NULL))
		printf("nothing: the file is like this\n");
}

/* What is edited stays, and the file as it is now is what it is to replace. */
static void tell_overtaken(enum conf_file file, struct slice there)
{
	printf("%s was changed meanwhile by another console. What it did:\n", conf_file_name(file));
	(void)diff_print(file, (struct slice){ opened.bytes, opened.len }, there, row_print, NULL);
	printf("nothing is written yet, yours is kept: `v` tells what `w` would change now,\n"
	       "`w` writes it all the same, `q` leaves the file as it is now\n");
	opened.len = there.len;
	memcpy(opened.bytes, there.ptr, there.len);
}

/* The exit status, -1 to go on. */
static int write_draft(enum conf_file file, const char *dir)
{
	struct slice there;

	if (!amend_open(&the_change, "edit", dir))
		return -1;
	there = amend_text(&the_change, file);
	if (amend_was_read(&the_change, file) && !is_opened(there)) {
		tell_overtaken(file, there);
		return -1;
	}
	memcpy(the_change.bytes, draft->now.bytes, draft->now.len);
	return amend_keep(&the_change, file, (ssize_t)draft->now.len, conf_file_name(file)) ? -1 : 0;
}

static int quit(bool *warned)
{
	if (is_changed() && !*warned) {
		*warned = true;
		printf("not written: `w` writes it, `q` once more leaves the file as it was\n");
		return -1;
	}
	return is_changed();
}

/* The exit status, -1 to go on. */
static int obey(enum conf_file file, const char *dir, struct slice words, bool *warned)
{
	unsigned number;
	enum draft_verb verb = draft_verb_of(words, &number);
	int err;

	if (verb != DRAFT_QUIT)
		*warned = false;
	switch (verb) {
	case DRAFT_OPEN:
		open_line(file, number);
		return -1;
	case DRAFT_INSERT:
		insert_lines(file, number);
		return -1;
	case DRAFT_DELETE:
		err = draft_delete(draft, number);
		if (err < 0)
			printf("%s\n", words_of(err));
		else
			print_changed(file, 0);
		return -1;
	case DRAFT_LIST:
		look(file);
		view_print(file, text_now(), number ? number : 1, &the_change.diag, row_print, NULL);
		return -1;
	case DRAFT_CHECK:
		look(file);
		view_findings(file, text_now(), &the_change.diag, row_print, NULL);
		return -1;
	case DRAFT_VIEW:
		print_difference(file, dir);
		return -1;
	case DRAFT_UNDO:
		printf(draft_undo(draft) ? "taken back\n" : "nothing is left to take back\n");
		return -1;
	case DRAFT_WRITE:
		return write_draft(file, dir);
	case DRAFT_QUIT:
		return quit(warned);
	default:
		print_verbs();
		/* Of a paste: it is no commands. */
		(void)fflush(stdout);
		if (words.len)
			(void)terminal_swallow();
		return -1;
	}
}

static int edit_file(enum conf_file file, const char *dir)
{
	bool warned = false;
	int status = -1;

	look(file);
	view_print(file, text_now(), 1, &the_change.diag, row_print, NULL);
	print_verbs();
	while (status < 0) {
		enum line_event event = read_line(PROMPT, slice_of(""));

		if (event == LINE_DONE) {
			char words[sizeof(bytes)];

			memcpy(words, bytes, sizeof(words));
			status = obey(file, dir, slice_of(words), &warned);
		} else if (event == LINE_END) {
			printf("\n");
			status = quit(&warned);
		} else if (event == LINE_GONE) {
			status = 1;
		}
	}
	return status;
}

int edit_main(int argc, char **argv)
{
	const char *dir = operand_dir(&argc, argv);
	enum conf_file file;
	int status = 1;

	if (argc != 2 || !operand_file(argv[1], &file))
		return operand_usage("edit FILE");
	if (!isatty(STDIN_FILENO)) {
		(void)fprintf(stderr, "edit: this is no terminal; expected `%swrite %s`\n", here_program(), conf_file_name(file));
		return 1;
	}
	if (!amend_open(&the_change, "edit", dir))
		return 1;
	draft = calloc(1, sizeof(*draft));
	if (!draft) {
		(void)fprintf(stderr, "edit: %s\n", strerror(errno));
		amend_close(&the_change);
		return 1;
	}
	if (amend_was_read(&the_change, file)) {
		terminal_open();
		draft_open(draft, amend_text(&the_change, file));
		opened = draft->now;
		status = edit_file(file, dir);
		terminal_restore();
	} else {
		(void)fprintf(stderr, "edit: %s: it cannot be read whole (`%scheck` says why)\n", conf_file_name(file), here_program());
	}
	amend_close(&the_change);
	wipe(draft, sizeof(*draft));
	free(draft);
	wipe(&opened, sizeof(opened));
	wipe(bytes, sizeof(bytes));
	return status;
}

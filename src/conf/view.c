#include "conf/view.h"

#include <string.h>

#include "base/text.h"
#include "conf/shown.h"

enum { LABEL_LEN = 24, FINDING_AT = 40 };

struct view {
	enum conf_file file;
	const struct diag *diag;
	unsigned digits; /* of the last line's number */
	void (*line)(void *arg, const char *text);
	void *arg;
};

static bool is_at(const struct view *view, const struct diag_finding *finding, unsigned number)
{
	return finding->line == number && !strcmp(finding->file, conf_file_name(view->file));
}

/* Beside the line when there is room for it, else under it. */
static void print_line(const struct view *view, unsigned number, struct slice bytes)
{
	const struct diag_finding *first = NULL;
	char label[LABEL_LEN], row[SHOWN_LEN + DIAG_TEXT_LEN], finding[DIAG_TEXT_LEN + LABEL_LEN];
	bool told = false;
	size_t len;

	for (size_t i = 0; i < view->diag->count && !first; i++)
		if (is_at(view, &view->diag->findings[i], number))
			first = &view->diag->findings[i];
	text_format(label, sizeof(label), "  %c %*u  ", first ? '>' : ' ', (int)view->digits, number);
	shown_line(view->file, bytes, row);
	len = strlen(row);
	for (size_t i = 0; i < view->diag->count; i++) {
		const struct diag_finding *at = &view->diag->findings[i];
		size_t column = len < FINDING_AT ? FINDING_AT : len + 2;

		if (!is_at(view, at, number))
			continue;
		text_format(finding, sizeof(finding), "%s: %s", at->level == DIAG_ERROR ? "error" : "warning", at->text);
		if (at == first && strlen(label) + column + strlen(finding) <= SHOWN_COLUMNS) {
			text_format(row + len, sizeof(row) - len, "%*s%s", (int)(column - len), "", finding);
			told = true;
		}
		if (at == first)
			shown_rows(label, row, view->line, view->arg);
		if (at == first && told)
			continue;
		text_format(label, sizeof(label), "    %*s  ", (int)view->digits, "");
		shown_rows(label, finding, view->line, view->arg);
	}
	if (!first)
		shown_rows(label, row, view->line, view->arg);
}

static unsigned count_lines(struct slice text)
{
	struct slice rest = text, bytes;
	unsigned count = 0;

	while (slice_cut(&rest, '\n', &bytes))
		count += rest.ptr || bytes.len; /* nothing behind the last end is no line */
	return count;
}

static unsigned count_digits(unsigned number)
{
	unsigned digits = 1;

	for (; number >= 10; number /= 10)
		digits++;
	return digits;
}

static bool has_finding(const struct view *view, unsigned number)
{
	for (size_t i = 0; i < view->diag->count; i++)
		if (is_at(view, &view->diag->findings[i], number))
			return true;
	return false;
}

void view_findings(enum conf_file file, struct slice text, const struct diag *diag, void (*line)(void *arg, const char *text),
		   void *arg)
{
	unsigned count = count_lines(text), shown = 0, number = 0, more = 0;
	struct view view = { .file = file, .diag = diag, .digits = count_digits(count), .line = line, .arg = arg };
	struct slice rest = text, bytes = { "", 0 };
	char words[64];

	do {
		if (number < count)
			slice_cut(&rest, '\n', &bytes);
		if (!has_finding(&view, ++number))
			continue;
		if (shown++ < VIEW_LINES)
			print_line(&view, number, bytes);
		else
			more++;
	} while (number < count);
	if (more) {
		text_format(words, sizeof(words), "    and %u more line%s", more, text_plural(more));
		line(arg, words);
	}
}

void view_line(enum conf_file file, struct slice text, unsigned number, const struct diag *diag,
	       void (*line)(void *arg, const char *text), void *arg)
{
	struct view view = { .file = file, .diag = diag, .digits = count_digits(number), .line = line, .arg = arg };
	struct slice rest = text, bytes = { "", 0 };

	for (unsigned i = 0; i < number && rest.ptr; i++)
		slice_cut(&rest, '\n', &bytes);
	print_line(&view, number, bytes);
}

void view_print(enum conf_file file, struct slice text, unsigned from, const struct diag *diag,
		void (*line)(void *arg, const char *text), void *arg)
{
	unsigned count = count_lines(text), number = 0;
	struct view view = { .file = file, .diag = diag, .digits = count_digits(count), .line = line, .arg = arg };
	struct slice rest = text, bytes;
	char words[64];

	if (!count)
		print_line(&view, 1, (struct slice){ "", 0 });
	for (rest = text; number < count && slice_cut(&rest, '\n', &bytes);)
		if (++number + 1 >= from && (!from || number + 1 < from + VIEW_LINES))
			print_line(&view, number, bytes);
	if (from > count) {
		text_format(words, sizeof(words), "%s has %u line%s", conf_file_name(file), count, text_plural(count));
		line(arg, words);
	}
}

#include "conf/diff.h"

#include <string.h>

#include "conf/shown.h"

enum { WINDOW = 256, LABEL_LEN = 16 };

struct side {
	struct slice rest;
	unsigned number; /* of the line that comes next */
	struct slice next[WINDOW];
	size_t count;    /* of next that are looked at */
};

/* The first line of *rest with its end. */
static bool take_line(struct slice *rest, struct slice *line)
{
	const char *end = rest->len ? memchr(rest->ptr, '\n', rest->len) : NULL;

	if (!rest->len)
		return false;
	*line = (struct slice){ rest->ptr, end ? (size_t)(end - rest->ptr) + 1 : rest->len };
	rest->ptr += line->len;
	rest->len -= line->len;
	return true;
}

static bool is_equal(struct slice a, struct slice b)
{
	return a.len == b.len && (!a.len || !memcmp(a.ptr, b.ptr, a.len));
}

static void look_ahead(struct side *side)
{
	struct slice rest = side->rest;

	for (side->count = 0; side->count < WINDOW && take_line(&rest, &side->next[side->count]);)
		side->count++;
}

/* All of what is left is in sight. */
static bool is_whole(const struct side *side)
{
	const struct slice *last = side->count ? &side->next[side->count - 1] : NULL;

	return !side->rest.len || (last && last->ptr + last->len == side->rest.ptr + side->rest.len);
}

/* Both go on alike from there: two lines, since one alone (an empty one, [Peer]) is alike by chance, or to the end of both. */
static bool is_met(const struct side *a, size_t i, const struct side *b, size_t j)
{
	if (i == a->count && j == b->count)
		return is_whole(a) && is_whole(b);
	if (i == a->count || j == b->count || !is_equal(a->next[i], b->next[j]))
		return false;
	if (i + 1 == a->count || j + 1 == b->count)
		return i + 1 == a->count && j + 1 == b->count;
	return is_equal(a->next[i + 1], b->next[j + 1]);
}

/* The fewest lines to pass on both sides until they meet; false when that is out of sight. */
static bool find_meeting(const struct side *a, const struct side *b, size_t *i, size_t *j)
{
	for (size_t sum = 1; sum <= a->count + b->count; sum++)
		for (*i = sum > b->count ? sum - b->count : 0; *i <= sum && *i <= a->count; ++*i) {
			*j = sum - *i;
			if (is_met(a, *i, b, *j))
				return true;
		}
	return false;
}

static void pass_lines(struct side *side, size_t count, char sign, diff_fn *change, void *arg)
{
	struct slice line;

	while (count-- && take_line(&side->rest, &line))
		change(arg, sign, side->number++, line);
}

void diff_lines(struct slice before, struct slice after, diff_fn *change, void *arg)
{
	struct side a = { .rest = before, .number = 1 }, b = { .rest = after, .number = 1 };
	size_t i, j;

	while (a.rest.len || b.rest.len) {
		struct slice rest_a = a.rest, rest_b = b.rest, line_a, line_b;

		if (take_line(&rest_a, &line_a) && take_line(&rest_b, &line_b) && is_equal(line_a, line_b)) {
			a.rest = rest_a;
			a.number++;
			pass_lines(&b, 1, ' ', change, arg);
			continue;
		}
		look_ahead(&a);
		look_ahead(&b);
		if (!find_meeting(&a, &b, &i, &j)) {
			i = a.count;
			j = b.count;
		}
		pass_lines(&a, i, '-', change, arg);
		pass_lines(&b, j, '+', change, arg);
	}
}

struct printer {
	enum conf_file file;
	void (*line)(void *arg, const char *text);
	void *arg;
	struct slice section; /* that the lines stand in; len is 0 once it is told */
	bool changed;
};

static void print_text(const struct printer *printer, const char *label, struct slice text)
{
	char shown[SHOWN_LEN];

	if (text.len && text.ptr[text.len - 1] == '\n')
		text.len--;
	shown_line(printer->file, text, shown);
	shown_rows(label, shown, printer->line, printer->arg);
}

static void print_change(void *arg, char sign, unsigned number, struct slice text)
{
	struct printer *printer = arg;
	bool is_section = slice_starts(slice_trim(text), "[");
	char label[LABEL_LEN];

	if (sign == ' ') {
		if (is_section)
			printer->section = text;
		return;
	}
	if (!printer->changed)
		printer->line(printer->arg, conf_file_name(printer->file));
	printer->changed = true;
	if (is_section)
		printer->section.len = 0;
	if (printer->section.len)
		print_text(printer, "         ", printer->section);
	printer->section.len = 0;
	text_format(label, sizeof(label), "  %c %4u  ", sign, number);
	print_text(printer, label, text);
}

bool diff_print(enum conf_file file, struct slice before, struct slice after, void (*line)(void *arg, const char *text),
		void *arg)
{
	struct printer printer = { .file = file, .line = line, .arg = arg, .section = { "", 0 } };

	diff_lines(before, after, print_change, &printer);
	return printer.changed;
}

#include "base/line.h"

#include <string.h>

#include "base/text.h"

enum {
	CELLS_MIN = 8,   /* of a window behind a prompt, however narrow the terminal says it is */
	MOVE_PLAIN = 4,  /* a movement by so many columns takes no more bytes plain than as an escape sequence */
};

#define CLEAR "\x1b[K" /* ECMA-48 EL: to the end of the row */

static void show(const struct line *line, const char *bytes, size_t len)
{
	line->echo(line->arg, bytes, len);
}

void line_begin(struct line *line, char *bytes, size_t cap)
{
	line->bytes = bytes;
	line->cap = cap;
	line->len = line->at = line->left = 0;
	line->drawn = line->column = line->fed = 0;
	line->too_long = line->is_offered = false;
	line->part_len = 0;
	if (line->history)
		line->history->at = line->history->looks = 0;
	bytes[0] = '\0';
}

void line_init(struct line *line, char *bytes, size_t cap, void (*echo)(void *arg, const char *bytes, size_t len), void *arg)
{
	*line = (struct line){ .echo = echo, .arg = arg, .columns = LINE_COLUMNS, .rows = LINE_ROWS };
	line_begin(line, bytes, cap);
}

void line_edit(struct line *line, const char *prompt, struct history *history)
{
	line->is_edited = true;
	line->prompt = prompt;
	line->history = history;
}

/* ---- the window on a line that is edited ---- */

/* How many columns it has. Nothing is printed into the last one of the screen: some terminals would go on in the next row. */
static size_t window(const struct line *line)
{
	size_t taken = strlen(line->prompt) + 1;

	return line->columns < taken + CELLS_MIN ? CELLS_MIN : line->columns - taken;
}

static size_t cells_to(const struct line *line, size_t to)
{
	return character_count(line->bytes, line->left, to);
}

/* The cursor is to be seen, and on no mark. */
static bool is_seen(const struct line *line)
{
	size_t cells = window(line), cursor;

	if (line->at < line->left || (line->left && line->at == line->left))
		return false;
	cursor = cells_to(line, line->at);
	if (line->at == line->len)
		return cursor <= cells;
	return cursor + (cells_to(line, line->len) > cells ? 2 : 1) <= cells;
}

/* Moves the window so that the cursor is in it; by a good piece, since each such movement prints it anew. */
static bool scroll(struct line *line)
{
	size_t back = window(line) / (line->at == line->len ? 3 : 2);

	if (is_seen(line))
		return false;
	line->left = line->at;
	while (line->left && back--)
		line->left = character_before(line->bytes, line->left);
	return true;
}

static void go_to(struct line *line, size_t column)
{
	size_t by = column < line->column ? line->column - column : column - line->column;
	char sequence[24];

	if (column < line->column && by <= MOVE_PLAIN) {
		show(line, "\b\b\b\b", by);
	} else if (by) {
		text_format(sequence, sizeof(sequence), "\x1b[%zu%c", by, column < line->column ? 'D' : 'C');
		show(line, sequence, strlen(sequence));
	}
	line->column = column;
}

static void draw_cell(struct line *line, const char *bytes, size_t len)
{
	struct character shown = character_shown(bytes, len);

	show(line, shown.bytes, shown.len);
	line->column++;
}

/* Prints what is in the window from this byte on, then puts the cursor where it belongs. */
static void draw_from(struct line *line, size_t from)
{
	size_t cells = window(line), was = line->drawn;
	bool more = cells_to(line, line->len) > cells;

	go_to(line, cells_to(line, from));
	while (from < line->len && line->column < cells) {
		size_t n = character_len(line->bytes, from, line->len);

		if (line->left && from == line->left)
			draw_cell(line, "<", 1);
		else if (more && line->column == cells - 1)
			draw_cell(line, ">", 1);
		else
			draw_cell(line, line->bytes + from, n);
		from += n;
	}
	line->drawn = line->column;
	if (line->drawn < was)
		show(line, CLEAR, sizeof(CLEAR) - 1);
	go_to(line, cells_to(line, line->at));
}

/* What changed is all behind this byte. */
static void update(struct line *line, size_t from)
{
	if (!line->is_edited)
		return;
	if (scroll(line))
		from = line->left;
	draw_from(line, from > line->left ? from : line->left);
}

void line_draw(struct line *line)
{
	if (!line->is_edited)
		return;
	show(line, "\r", 1);
	show(line, line->prompt, strlen(line->prompt));
	show(line, CLEAR, sizeof(CLEAR) - 1);
	line->drawn = line->column = 0;
	(void)scroll(line);
	draw_from(line, line->left);
}

void line_hide(struct line *line)
{
	show(line, "\r" CLEAR, sizeof("\r" CLEAR) - 1);
	line->drawn = line->column = 0;
}

/* ---- edits ---- */

static void show_plain(const struct line *line, const char *bytes, size_t len)
{
	for (size_t i = 0, n; i < len; i += n) {
		struct character shown;

		n = character_len(bytes, i, len);
		shown = character_shown(bytes + i, n);
		show(line, shown.bytes, shown.len);
	}
}

void line_insert(struct line *line, const char *bytes, size_t len)
{
	size_t from = line->at;

	if (line->len + len >= line->cap) {
		line->too_long = true;
		/* A paste is seen to go on. */
		if (!line->is_edited)
			show_plain(line, bytes, len);
		return;
	}
	memmove(line->bytes + from + len, line->bytes + from, line->len - from + 1);
	memcpy(line->bytes + from, bytes, len);
	line->len += len;
	line->at += len;
	if (line->is_edited)
		update(line, from);
	else
		show_plain(line, bytes, len);
}

void line_erase(struct line *line, size_t from, size_t to)
{
	size_t count = character_count(line->bytes, from, to);

	memmove(line->bytes + from, line->bytes + to, line->len - to + 1);
	line->len -= to - from;
	line->at = from;
	if (!line->len)
		line->too_long = false;
	if (line->is_edited && count) {
		/* what is most often erased: the last character */
		bool is_last = count == 1 && from == line->len && line->column == line->drawn;

		/* What stands there is not on the screen. */
		if (line->left && from <= line->left) {
			line->left = from = 0;
			is_last = false;
		}
		if (is_last && is_seen(line)) {
			show(line, "\b \b", 3);
			line->column = --line->drawn;
		} else {
			update(line, from);
		}
	}
	while (!line->is_edited && count--)
		show(line, "\b \b", 3);
}

void line_move(struct line *line, size_t to)
{
	line->at = to;
	if (scroll(line))
		draw_from(line, line->left);
	else
		go_to(line, cells_to(line, to));
}

void line_set(struct line *line, const char *text)
{
	size_t len = strlen(text);

	if (len >= line->cap)
		return;
	memcpy(line->bytes, text, len + 1);
	line->len = line->at = len;
	line->left = 0;
	line->too_long = false;
	update(line, 0);
}

void line_offer(struct line *line, const char *text, size_t to)
{
	line_set(line, text);
	line_move(line, to);
	line->is_offered = true;
}

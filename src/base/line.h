/* A line as it is typed or pasted at a terminal, the cursor in it, and what the terminal is to print so that it shows both.
 * Bytes come in by base/keys.h. The terminal itself cuts lines at 4,095 bytes and takes escape sequences for text; this does
 * neither. It prints as few bytes as it can: a serial line carries a thousand a second. */
#ifndef BASE_LINE_H
#define BASE_LINE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/character.h"
#include "base/history.h"

enum line_event {
	LINE_MORE,
	LINE_DONE,        /* Enter: what was typed is in bytes */
	LINE_TOO_LONG,    /* Enter, but it had cap bytes or more: nothing of it counts */
	LINE_INTERRUPTED, /* Ctrl-C */
	LINE_END,         /* Ctrl-D: what was typed is in bytes */
	LINE_HELP,        /* ?, and Tab: what fits at the cursor is asked for; of a line that is edited alone */
	LINE_TAB,
	LINE_NEWS, /* of terminal_read_or, both */
	LINE_IDLE,
	LINE_GONE, /* of terminal_read: no more will come */
};

enum line_escape { ESCAPE_NONE, ESCAPE_BEGUN, ESCAPE_CSI_FIRST, ESCAPE_CSI, ESCAPE_SS3, ESCAPE_ONE_MORE };

enum { LINE_COLUMNS = 80, LINE_ROWS = 24 }; /* of a terminal that does not tell */

struct line {
	char *bytes; /* borrowed; ended by NUL */
	size_t cap;
	size_t len;
	size_t at;   /* the cursor, in bytes */
	size_t left; /* the first byte on the screen */
	size_t fed;  /* bytes that came while it was typed, whatever became of them: noise among them */
	bool too_long;
	bool is_offered; /* it came back to be mended: what is typed next is another line, unless the cursor is moved first */

	/* What is edited takes one row of the screen, behind its prompt, and is moved sideways when it is longer. */
	bool is_edited;     /* else it grows and shrinks at its end only, over as many rows as it takes */
	const char *prompt; /* borrowed; ASCII */
	struct history *history; /* borrowed; NULL: none */
	unsigned columns, rows;  /* of the terminal */

	/* What the keys are in the middle of: for base/keys.h. */
	bool after_cr; /* the LF of a CRLF is not a second Enter */
	bool size_asked, size_told;
	enum line_escape escape;
	unsigned parameters[2];
	unsigned parameter_count;
	char part[CHARACTER_MAX]; /* the character that is not whole yet */
	unsigned part_len, part_whole;

	size_t drawn;  /* columns that show text, behind the prompt */
	size_t column; /* where the cursor is of them */
	void (*echo)(void *arg, const char *bytes, size_t len); /* what the terminal is to show */
	void *arg;
};

/* An empty line into bytes[cap], not edited. */
void line_init(struct line *line, char *bytes, size_t cap, void (*echo)(void *arg, const char *bytes, size_t len), void *arg);

/* From here on lines are edited. */
void line_edit(struct line *line, const char *prompt, struct history *history);

/* A further line, into the same or another place. */
void line_begin(struct line *line, char *bytes, size_t cap);

void line_insert(struct line *line, const char *bytes, size_t len); /* whole characters, at the cursor */
void line_erase(struct line *line, size_t from, size_t to);
void line_move(struct line *line, size_t to);
void line_set(struct line *line, const char *text); /* instead of what is there */

/* The text of a line that could not be obeyed comes back, with the cursor at to. */
void line_offer(struct line *line, const char *text, size_t to);

/* The prompt and the line once more, on the row where the cursor is, which may show anything; and that row empty. */
void line_draw(struct line *line);
void line_hide(struct line *line);

#endif

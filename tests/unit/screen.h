/* The row of a terminal on which a line is edited: what it shows after the bytes that came, and what it is to show. Both abort
 * at what may go wrong on a real one. */
#ifndef TESTS_UNIT_SCREEN_H
#define TESTS_UNIT_SCREEN_H

#include <stdlib.h>
#include <string.h>

#include "base/line.h"

enum { SCREEN_COLUMNS_MAX = 512 };

struct screen {
	unsigned columns;
	char cells[SCREEN_COLUMNS_MAX][CHARACTER_MAX + 1];
	size_t at;
	size_t bytes;    /* that came */
	char sequence[24]; /* of an escape sequence that is not whole */
	size_t sequence_len;
};

static inline void screen_clear(struct screen *screen, size_t from)
{
	for (; from < SCREEN_COLUMNS_MAX; from++)
		strcpy(screen->cells[from], " ");
}

static inline void screen_init(struct screen *screen, unsigned columns)
{
	memset(screen, 0, sizeof(*screen));
	screen->columns = columns;
	screen_clear(screen, 0);
}

/* True when byte ended the sequence. */
static inline bool screen_sequence(struct screen *screen, unsigned char byte)
{
	unsigned count;

	if (screen->sequence_len + 1 >= sizeof(screen->sequence))
		abort();
	screen->sequence[screen->sequence_len++] = (char)byte;
	screen->sequence[screen->sequence_len] = '\0';
	if (screen->sequence_len == 2 && byte == '[')
		return false;
	if (screen->sequence_len == 2) {
		if (byte != '7' && byte != '8')
			abort();
		return true;
	}
	if (byte < 0x40)
		return false;
	count = (unsigned)strtoul(screen->sequence + 2, NULL, 10);
	if (byte == 'C')
		screen->at += count;
	else if (byte == 'D' && count <= screen->at)
		screen->at -= count;
	else if (byte == 'K')
		screen_clear(screen, screen->at);
	else if (byte == 'J')
		screen_clear(screen, 0);
	else if (byte == 'H' && !strcmp(screen->sequence, "\x1b[H"))
		screen->at = 0;
	else if (strcmp(screen->sequence, "\x1b[999;999H") != 0 && strcmp(screen->sequence, "\x1b[6n") != 0)
		abort();
	return true;
}

static inline void screen_print(struct screen *screen, const char *bytes, size_t n)
{
	/* Behind the last column some terminals go on in the next row. */
	if (screen->at + 1 >= screen->columns)
		abort();
	memcpy(screen->cells[screen->at], bytes, n);
	screen->cells[screen->at++][n] = '\0';
}

/* For line_init. */
static inline void screen_echo(void *arg, const char *bytes, size_t len)
{
	struct screen *screen = arg;

	screen->bytes += len;
	/* The end of a line, wherever the cursor is. */
	if (len == 3 && !memcmp(bytes, "^C\n", 3)) {
		bytes += 2;
		len = 1;
	}
	for (size_t i = 0, n; i < len; i += n) {
		n = character_len(bytes, i, len);
		if (screen->sequence_len) {
			if (screen_sequence(screen, (unsigned char)bytes[i]))
				screen->sequence_len = 0;
		} else if (bytes[i] == '\x1b') {
			screen->sequence[screen->sequence_len++] = bytes[i];
		} else if (bytes[i] == '\n') {
			screen->at = 0;
			screen_clear(screen, 0);
		} else if (bytes[i] == '\r') {
			screen->at = 0;
		} else if (bytes[i] == '\b' && screen->at) {
			screen->at--;
		} else if (n == 1 + character_follow((uint8_t)bytes[i]) && (unsigned char)bytes[i] >= ' ' && bytes[i] != 0x7f) {
			screen_print(screen, bytes + i, n);
		} else {
			abort();
		}
	}
}

/* Prompt, the piece of the line with its marks, cursor: "", or what is wrong. */
static inline const char *screen_wrong(const struct screen *screen, const struct line *line)
{
	size_t prompt = strlen(line->prompt), column = prompt, cells = screen->columns - prompt - 1;
	size_t all = character_count(line->bytes, line->left, line->len);

	if (screen->at != prompt + character_count(line->bytes, line->left, line->at))
		return "the cursor";
	for (size_t i = 0; i < prompt; i++)
		if (screen->cells[i][0] != line->prompt[i])
			return "the prompt";
	for (size_t i = line->left, n; i < line->len && column < prompt + cells; i += n, column++) {
		struct character shown;

		n = character_len(line->bytes, i, line->len);
		shown = character_shown(line->bytes + i, n);
		if (line->left && i == line->left)
			shown = (struct character){ "<", 1 };
		else if (all > cells && column == prompt + cells - 1)
			shown = (struct character){ ">", 1 };
		if (strlen(screen->cells[column]) != shown.len || memcmp(screen->cells[column], shown.bytes, shown.len) != 0)
			return "the text";
	}
	if (line->left && line->at <= line->left)
		return "the cursor is left of the window";
	if (line->at < line->len && all > cells && screen->at >= prompt + cells - 1)
		return "the cursor is right of the window";
	for (; column < SCREEN_COLUMNS_MAX; column++)
		if (strcmp(screen->cells[column], " ") != 0)
			return "what is behind the text";
	return "";
}

#endif

/* A line as it is typed or pasted at a terminal: bytes come in, edits and their echo come out. The terminal itself cuts lines
 * at 4,095 bytes and takes escape sequences for text; this does neither. */
#ifndef BASE_LINE_H
#define BASE_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum line_event {
	LINE_MORE,
	LINE_DONE,        /* Enter: what was typed is in bytes */
	LINE_TOO_LONG,    /* Enter, but it had cap bytes or more: nothing of it counts */
	LINE_INTERRUPTED, /* Ctrl-C */
	LINE_END,         /* Ctrl-D: what was typed is in bytes */
	LINE_GONE,        /* of terminal_read: no more will come */
};

enum line_escape { ESCAPE_NONE, ESCAPE_BEGUN, ESCAPE_CSI_FIRST, ESCAPE_CSI, ESCAPE_ONE_MORE };

struct line {
	char *bytes; /* borrowed; ended by NUL */
	size_t cap;
	size_t len;
	bool too_long;
	bool after_cr; /* the LF of a CRLF is not a second Enter */
	enum line_escape escape;
	unsigned char utf8_left; /* bytes that the character at the end still lacks */
	unsigned char utf8_len;
	void (*echo)(void *arg, const char *bytes, size_t len); /* what the terminal is to show */
	void *arg;
};

/* An empty line into bytes[cap]. */
void line_init(struct line *line, char *bytes, size_t cap, void (*echo)(void *arg, const char *bytes, size_t len), void *arg);

/* A further line, into the same or another place. */
void line_begin(struct line *line, char *bytes, size_t cap);

/* Backspace (^H and DEL) and Ctrl-U erase; escape sequences, NUL (a BREAK) and other control characters are swallowed. Bytes
 * that are no UTF-8 are kept: who reads the text says what is wrong with it. */
enum line_event line_feed(struct line *line, uint8_t byte);

#endif

/* The lines of a file as editors leave them: byte order mark, CRLF and a last line without end are fine; bytes that are
 * no text and lines beyond the limit are findings. */
#ifndef CONF_LINES_H
#define CONF_LINES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"
#include "conf/diag.h"

struct lines {
	struct slice rest;
	const char *file;
	unsigned line; /* the number of the line last returned */
	struct diag *diag;
	bool foreign;
};

/* False, and said so, when the file is no text: then nothing of it counts. */
bool lines_open(struct lines *lines, const char *file, const char *text, size_t len, struct diag *diag);

/* The same for a file that is not ours alone: its lines may hold any bytes and be as long as they like. */
bool lines_open_foreign(struct lines *lines, const char *file, const char *text, size_t len, struct diag *diag);

/* The first byte of s that belongs to no character of a text file, NULL when there is none. */
const char *lines_no_text(struct slice s);

/* The next line without its end; those over CONF_LINE_MAX are reported and passed over, but in a foreign file. False after the
 * last. */
bool lines_next(struct lines *lines, struct slice *line);

/* Goes on behind the line that holds p, a place in lines->rest. */
void lines_skip(struct lines *lines, const char *p);

#endif

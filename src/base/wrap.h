/* Text in columns: each character of UTF-8 is one. */
#ifndef BASE_WRAP_H
#define BASE_WRAP_H

#include <stddef.h>
#include <stdio.h>

enum { WRAP_WIDTH = 79 };

typedef void wrap_line_fn(void *arg, const char *text);

size_t wrap_columns(const char *text);
/* The bytes of the first columns of text. */
size_t wrap_bytes(const char *text, size_t columns);

/* Lines of at most WRAP_WIDTH columns, cut at blanks; all but the first begin in column below. */
void wrap_text(const char *text, unsigned below, wrap_line_fn *line, void *arg);

/* A sentence for whoever reads stream: on a terminal wrapped, each line of it; for a program as it is. */
void wrap_print(FILE *stream, const char *text);

#endif

/* For what gives its rows one by one, to be printed. */
#ifndef BASE_ROW_H
#define BASE_ROW_H

#include <stdio.h>

static inline void row_print(void *arg, const char *text)
{
	(void)arg;
	puts(text);
}

/* The same, to standard error. */
static inline void row_print_error(void *arg, const char *text)
{
	(void)arg;
	(void)fprintf(stderr, "%s\n", text);
}

#endif

/* What a command prints, line by line on its way to the screen: lines that hold a word alone, or their number; a pause after each
 * screen. A pure core. */
#ifndef CONSOLE_PAGE_H
#define CONSOLE_PAGE_H

#include <stdbool.h>
#include <stddef.h>

enum { PAGE_WORDS_MAX = 4, PAGE_LINE_LEN = 8192 };

struct page {
	const char *words[PAGE_WORDS_MAX]; /* borrowed: a line has to hold all of them */
	size_t word_count;
	bool counts;            /* the number of lines is told, not the lines */
	unsigned rows, columns; /* of the screen; rows 0: no pause */
	bool wraps;             /* a longer line is cut at blanks, into rows of WRAP_WIDTH */
	void (*print)(void *arg, const char *bytes, size_t len);
	void *arg;
	/* what follows begins as zero */
	char line[PAGE_LINE_LEN];
	size_t len;
	size_t count;
	unsigned row;  /* rows that were printed since the last pause */
};

/* How many bytes were taken: all, or those up to where a pause is due. page_go_on ends it. */
size_t page_feed(struct page *page, const char *bytes, size_t len);
void page_go_on(struct page *page);

/* No more will come. */
void page_end(struct page *page);

#endif

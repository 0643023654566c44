#include "console/page.h"

#include <string.h>

#include "base/text.h"
#include "base/wrap.h"

enum { BELOW = 4 }; /* where what is cut off a line goes on */

void page_go_on(struct page *page)
{
	page->row = 0;
}

static bool is_wanted(struct page *page)
{
	page->line[page->len] = '\0';
	for (size_t i = 0; i < page->word_count; i++)
		if (!strstr(page->line, page->words[i]))
			return false;
	return true;
}

/* How many rows of the screen it takes. */
static unsigned height(const struct page *page)
{
	return page->len && page->columns ? (unsigned)((page->len - 1) / page->columns + 1) : 1;
}

static void print_row(void *arg, const char *text)
{
	struct page *page = arg;

	page->print(page->arg, text, strlen(text));
	page->print(page->arg, "\n", 1);
	page->row++;
}

static void line_end(struct page *page)
{
	bool wanted = is_wanted(page);

	if (wanted)
		page->count++;
	if (wanted && !page->counts && page->wraps && wrap_columns(page->line) > page->columns) {
		wrap_text(page->line, BELOW, print_row, page);
	} else if (wanted && !page->counts) {
		print_row(page, page->line);
		page->row += height(page) - 1;
	}
	page->len = 0;
}

size_t page_feed(struct page *page, const char *bytes, size_t len)
{
	size_t i = 0;

	while (i < len) {
		/* The last row of the screen is for the question. It is asked when there is more. */
		if (page->rows > 1 && page->row + 1 >= page->rows)
			return i;
		/* What has no end within a line's length is cut there. */
		if (bytes[i] == '\n' || page->len == sizeof(page->line) - 1) {
			i += bytes[i] == '\n';
			line_end(page);
		} else {
			page->line[page->len++] = bytes[i++];
		}
	}
	return i;
}

void page_end(struct page *page)
{
	char count[32];

	if (page->len)
		line_end(page);
	if (!page->counts)
		return;
	text_format(count, sizeof(count), "%zu line%s\n", page->count, text_plural(page->count));
	page->print(page->arg, count, strlen(count));
}

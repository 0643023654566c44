/* console/page and console/filter: what stands behind |, and a pause after each screen. */
#include "test.h"

#include <stdio.h>
#include <string.h>

#include "console/filter.h"
#include "console/page.h"

static char shown[4096];
static struct page page;

static void print(void *arg, const char *bytes, size_t len)
{
	size_t at = strlen(shown);

	(void)arg;
	if (at + len < sizeof(shown)) {
		memcpy(shown + at, bytes, len);
		shown[at + len] = '\0';
	}
}

static void begin(unsigned rows, const char *word)
{
	shown[0] = '\0';
	memset(&page, 0, sizeof(page));
	page.rows = rows;
	page.columns = 10;
	page.print = print;
	page.words[0] = word;
	page.word_count = word != NULL;
}

/* All of text, however often it pauses; how often that was. */
static unsigned feed(const char *text)
{
	size_t len = strlen(text), taken = 0;
	unsigned pauses = 0;

	while ((taken += page_feed(&page, text + taken, len - taken)) < len) {
		pauses++;
		page_go_on(&page);
	}
	return pauses;
}

TEST(page_ends_when_there_is_more_than_a_screen)
{
	begin(4, NULL);
	CHECK_INT(feed("1\n2\n3\n"), 0);
	CHECK_INT(feed("4\n5\n6\n"), 1);
	CHECK_INT(feed("7"), 1);
	page_end(&page);
	CHECK_STR(shown, "1\n2\n3\n4\n5\n6\n7\n");
	begin(0, NULL);
	CHECK_INT(feed("1\n2\n3\n4\n5\n6\n7\n8\n9\n"), 0);
}

TEST(line_that_is_wider_than_the_screen_is_cut_at_a_blank)
{
	static const char line[] = "123456789 123456789 123456789 123456789 123456789 123456789 123456789 123456789 1234";

	begin(4, NULL);
	page.columns = 80;
	page.wraps = true;
	CHECK_INT(feed(line), 0);
	CHECK_INT(feed("\nlast\n"), 0);
	CHECK_INT(feed("behind"), 1);
	CHECK_STR(shown, "123456789 123456789 123456789 123456789 123456789 123456789 123456789 123456789\n    1234\nlast\n");
}

TEST(line_that_is_wider_than_the_screen_takes_more_rows)
{
	begin(4, NULL);
	CHECK_INT(feed("0123456789\n0123456789a\n"), 0);
	CHECK(page_feed(&page, "x", 1) == 0);
	begin(4, NULL);
	CHECK_INT(feed("0123456789\n0123456789\n0123456789\n"), 0);
}

TEST(lines_without_the_word_are_left_out_and_take_no_room)
{
	begin(3, "b");
	CHECK_INT(feed("ab\nc\nd\ne\nf\nb\n"), 0);
	CHECK_STR(shown, "ab\nb\n");
	CHECK_INT(feed("cb"), 1);
	page_end(&page);
	CHECK_STR(shown, "ab\nb\ncb\n");
	begin(0, "b");
	page.counts = true;
	feed("ab\nc\nbb\nb");
	page_end(&page);
	CHECK_STR(shown, "3 lines\n");
}

TEST(line_without_an_end_is_cut_and_never_lost)
{
	static char text[2 * PAGE_LINE_LEN];

	memset(text, 'x', sizeof(text) - 1);
	begin(0, NULL);
	page.counts = true;
	feed(text);
	page_end(&page);
	CHECK_STR(shown, "3 lines\n");
}

TEST(what_stands_behind_a_bar_is_cut_off_and_read)
{
	char line[] = "show  | ams 1|count | no-more |json ", plain[] = "show gateway";
	struct filter filter;
	const char *why;

	CHECK_INT(filter_cut(&filter, line, &why), -1);
	CHECK_STR(line, "show  ");
	CHECK_INT(filter.word_count, 1);
	CHECK_STR(filter.words[0], "ams 1");
	CHECK(filter.counts && filter.json && filter.no_more && filter_changes(&filter));
	CHECK_INT(filter_cut(&filter, plain, &why), -1);
	CHECK_STR(plain, "show gateway");
	CHECK(!filter_changes(&filter));
}

TEST(bar_without_a_word_and_too_many_words_are_told)
{
	static const struct {
		const char *line;
		long at;
	} rows[] = { { "show |", 6 }, { "show | | count", 7 }, { "show | a | b | c | d | e", 23 } };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct filter filter;
		const char *why = NULL;
		char line[64];

		(void)snprintf(line, sizeof(line), "%s", rows[i].line);
		CHECK_INT(filter_cut(&filter, line, &why), rows[i].at);
		CHECK(why);
	}
}

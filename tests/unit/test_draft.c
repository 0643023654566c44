/* A text that is edited line by line. */
#include "conf/draft.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "test.h"

static struct draft draft;

static const char *now(void)
{
	static char text[4096];

	(void)snprintf(text, sizeof(text), "%.*s", (int)draft.now.len, draft.now.bytes);
	return text;
}

static void begin(const char *text)
{
	draft_open(&draft, slice_of(text));
}

TEST(draft_changes_one_line_and_keeps_all_ends)
{
	static const struct {
		const char *text;
		unsigned number;
		const char *replaced, *inserted, *deleted;
	} cases[] = {
		{ "a\nb\nc\n", 2, "a\nX\nc\n", "a\nX\nb\nc\n", "a\nc\n" },
		{ "a\r\nb\r\n", 1, "X\r\nb\r\n", "X\r\na\r\nb\r\n", "b\r\n" },
		{ "a\nb", 2, "a\nX", "a\nX\nb", "a\n" },
		{ "a", 1, "X", "X\na", "" },
		{ "\n", 1, "X\n", "X\n\n", "" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		begin(cases[i].text);
		CHECK_INT(draft_replace(&draft, cases[i].number, slice_of("X"), 100), 0);
		CHECK_STR(now(), cases[i].replaced);
		begin(cases[i].text);
		CHECK_INT(draft_insert(&draft, cases[i].number, slice_of("X"), 100), 0);
		CHECK_STR(now(), cases[i].inserted);
		begin(cases[i].text);
		CHECK_INT(draft_delete(&draft, cases[i].number), 0);
		CHECK_STR(now(), cases[i].deleted);
		CHECK_INT(draft_undo(&draft), true);
		CHECK_STR(now(), cases[i].text);
		CHECK_INT(draft_undo(&draft), false);
	}
}

TEST(draft_grows_at_its_end)
{
	begin("a");
	CHECK_INT(draft_insert(&draft, 2, slice_of("b"), 100), 0);
	CHECK_STR(now(), "a\nb\n");
	begin("");
	CHECK_INT(draft_insert(&draft, 1, slice_of("a"), 100), 0);
	CHECK_STR(now(), "a\n");
	begin("a\r\n");
	CHECK_INT(draft_insert(&draft, 2, slice_of("b"), 100), 0);
	CHECK_STR(now(), "a\r\nb\r\n");
}

TEST(draft_refuses_what_has_no_place)
{
	struct slice line;

	begin("a\nb\n");
	CHECK_INT(draft_count(&draft), 2);
	CHECK_INT(draft_replace(&draft, 3, slice_of("x"), 100), -ENOENT);
	CHECK_INT(draft_replace(&draft, 0, slice_of("x"), 100), -ENOENT);
	CHECK_INT(draft_delete(&draft, 3), -ENOENT);
	CHECK_INT(draft_insert(&draft, 4, slice_of("x"), 100), -ENOENT);
	CHECK_INT(draft_insert(&draft, 0, slice_of("x"), 100), -ENOENT);
	CHECK_INT(draft_replace(&draft, 1, slice_of("x\ny"), 100), -EINVAL);
	CHECK_INT(draft_replace(&draft, 1, slice_of("xyz"), 5), -EFBIG);
	CHECK_INT(draft_replace(&draft, 1, slice_of("xy"), 5), 0);
	CHECK_INT(draft_line(&draft, 1, &line), true);
	CHECK_INT(slice_equal(line, "xy"), true);
	CHECK_INT(draft_line(&draft, 3, &line), false);
}

TEST(draft_takes_back_the_last_changes)
{
	char line[16];

	begin("0\n");
	for (int i = 1; i <= DRAFT_KEPT + 2; i++) {
		(void)snprintf(line, sizeof(line), "%d", i);
		CHECK_INT(draft_replace(&draft, 1, slice_of(line), 100), 0);
	}
	for (int i = DRAFT_KEPT + 1; i >= 2; i--) {
		(void)snprintf(line, sizeof(line), "%d\n", i);
		CHECK_INT(draft_undo(&draft), true);
		CHECK_STR(now(), line);
	}
	CHECK_INT(draft_undo(&draft), false);
	CHECK_STR(now(), "2\n");
}

TEST(draft_verbs_are_read)
{
	static const struct {
		const char *words;
		enum draft_verb verb;
		unsigned number;
	} cases[] = {
		{ "12", DRAFT_OPEN, 12 }, { " i ", DRAFT_INSERT, 0 }, { "i 3", DRAFT_INSERT, 3 }, { "d 1", DRAFT_DELETE, 1 },
		{ "d", DRAFT_NONE, 0 }, { "l", DRAFT_LIST, 0 }, { "l 20", DRAFT_LIST, 20 }, { "c", DRAFT_CHECK, 0 }, { "u", DRAFT_UNDO, 0 },
		{ "v", DRAFT_VIEW, 0 }, { "v 1", DRAFT_NONE, 0 },
		{ "u 1", DRAFT_NONE, 0 }, { "w", DRAFT_WRITE, 0 }, { "q", DRAFT_QUIT, 0 }, { "", DRAFT_NONE, 0 }, { "0", DRAFT_NONE, 0 },
		{ "d 0", DRAFT_NONE, 0 }, { "d 1 2", DRAFT_NONE, 0 }, { "99999999999", DRAFT_NONE, 0 }, { "ListenPort = 1", DRAFT_NONE, 0 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		unsigned number;

		CHECK_INT(draft_verb_of(slice_of(cases[i].words), &number), cases[i].verb);
		CHECK_INT(number, cases[i].number);
	}
}

/* base/line: what is typed, pasted, or comes of a bad line. */
#include "test.h"

#include <stdio.h>
#include <string.h>

#include "base/line.h"

enum { CAP = 32 };

static char bytes[CAP], shown[256];
static struct line line;

static void echo(void *arg, const char *text, size_t len)
{
	(void)arg;
	if (strlen(shown) + len < sizeof(shown))
		strncat(shown, text, len);
}

/* What the last byte of text did, to a line that begins behind an Enter. */
static enum line_event type(const char *text, size_t len)
{
	enum line_event event = LINE_MORE;

	shown[0] = '\0';
	line_init(&line, bytes, sizeof(bytes), echo, NULL);
	for (size_t i = 0; i < len && event == LINE_MORE; i++)
		event = line_feed(&line, (uint8_t)text[i]);
	return event;
}

#define TYPE(text) type(text, sizeof(text) - 1)

TEST(line_ends_with_cr_lf_or_both_once)
{
	CHECK_INT(TYPE("ab\r"), LINE_DONE);
	CHECK_STR(bytes, "ab");
	CHECK_STR(shown, "ab\n");
	line_begin(&line, bytes, sizeof(bytes));
	CHECK_INT(line_feed(&line, '\n'), LINE_MORE);
	CHECK_INT(line_feed(&line, '\n'), LINE_DONE);
	CHECK_STR(bytes, "");
	CHECK_INT(TYPE("ab\n"), LINE_DONE);
	CHECK_INT(TYPE("\nab\n"), LINE_DONE);
	CHECK_STR(bytes, "");
}

TEST(both_backspaces_erase_a_character_of_any_length)
{
	CHECK_INT(TYPE("ax\bb\xc3\xbc\x7f" "c\xf0\x9f\x98\x80\b\r"), LINE_DONE);
	CHECK_STR(bytes, "abc");
	CHECK_STR(shown, "ax\b \bb\xc3\xbc\b \bc\xf0\x9f\x98\x80\b \b\n");
	CHECK_INT(TYPE("\b\x7f" "a\r"), LINE_DONE);
	CHECK_STR(bytes, "a");
	CHECK_STR(shown, "a\n");
	CHECK_INT(TYPE("a\xc3\b" "b\r"), LINE_DONE);
	CHECK_STR(bytes, "ab");
	CHECK_STR(shown, "ab\n");
}

TEST(control_u_erases_all)
{
	CHECK_INT(TYPE("abc\x15" "d\r"), LINE_DONE);
	CHECK_STR(bytes, "d");
	CHECK_STR(shown, "abc\b \b\b \b\b \bd\n");
}

TEST(escape_sequences_are_swallowed)
{
	static const char *const rows[] = {
		"\x1b[A", "\x1b[1;5C", "\x1bOP", "\x1b[[A", "\x1b[200~", "\x1bx", "\x1b[?25$p", "\x1b\x1b[D",
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[32];
		int len = snprintf(text, sizeof(text), "a%sb\r", rows[i]);

		CHECK_INT(type(text, (size_t)len), LINE_DONE);
		CHECK_STR(bytes, "ab");
		CHECK_STR(shown, "ab\n");
	}
}

TEST(sequence_that_never_ends_holds_no_enter_back)
{
	CHECK_INT(TYPE("ab\x1b[\r"), LINE_DONE);
	CHECK_STR(bytes, "ab");
	CHECK_INT(TYPE("ab\x1b[12\x03"), LINE_INTERRUPTED);
	CHECK_INT(TYPE("ab\x1b\x04"), LINE_END);
	CHECK_STR(bytes, "ab");
}

TEST(break_and_control_characters_are_swallowed_and_tabs_kept)
{
	CHECK_INT(TYPE("\0a\0\0\tb\x01\x0c\x11\x1c\r"), LINE_DONE);
	CHECK_STR(bytes, "a\tb");
	CHECK_STR(shown, "a b\n");
}

TEST(noise_is_kept_for_who_reads_the_text_and_never_shown)
{
	CHECK_INT(TYPE("a\xff\x9b\xc2\x9b\xe2\x82" "b\xa0\r"), LINE_DONE);
	CHECK_STR(bytes, "a\xff\x9b\xc2\x9b\xe2\x82" "b\xa0");
	CHECK_STR(shown, "a????b?\n");
}

TEST(line_that_does_not_fit_is_refused_whole)
{
	char text[3 * CAP];

	memset(text, 'x', sizeof(text));
	text[CAP - 1] = '\r';
	CHECK_INT(type(text, CAP), LINE_DONE);
	CHECK_INT(strlen(bytes), CAP - 1);
	text[CAP - 1] = 'x';
	text[CAP] = '\r';
	CHECK_INT(type(text, CAP + 1), LINE_TOO_LONG);
	/* Erasing a part does not make it right; erasing all does. */
	memcpy(text + 2 * CAP, "\b\b\b\r", 4);
	text[CAP] = 'x';
	CHECK_INT(type(text, 2 * CAP + 4), LINE_TOO_LONG);
	memcpy(text + 2 * CAP, "\x15ok\r", 4);
	CHECK_INT(type(text, 2 * CAP + 4), LINE_DONE);
	CHECK_STR(bytes, "ok");
}

/* base/line: what is typed, pasted, or comes of a bad line. */
#include "test.h"

#include <stdio.h>
#include <string.h>

#include "base/keys.h"
#include "screen.h"

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
		event = keys_feed(&line, (uint8_t)text[i]);
	return event;
}

#define TYPE(text) type(text, sizeof(text) - 1)

TEST(line_ends_with_cr_lf_or_both_once)
{
	CHECK_INT(TYPE("ab\r"), LINE_DONE);
	CHECK_STR(bytes, "ab");
	CHECK_STR(shown, "ab\n");
	line_begin(&line, bytes, sizeof(bytes));
	CHECK_INT(keys_feed(&line, '\n'), LINE_MORE);
	CHECK_INT(keys_feed(&line, '\n'), LINE_DONE);
	CHECK_STR(bytes, "");
	CHECK_INT(TYPE("ab\n"), LINE_DONE);
	CHECK_INT(TYPE("\nab\n"), LINE_DONE);
	CHECK_STR(bytes, "");
}

/* By which a letter and Enter are told from noise of which they are left. */
TEST(bytes_that_came_are_counted_whatever_became_of_them)
{
	(void)TYPE("r\r");
	CHECK_INT(line.fed, 2);
	line_begin(&line, bytes, sizeof(bytes));
	CHECK_INT(keys_feed(&line, '\n'), LINE_MORE);
	CHECK_INT(line.fed, 0);
	(void)TYPE("\0r\r");
	CHECK_STR(bytes, "r");
	CHECK_INT(line.fed, 3);
	(void)TYPE("\x1b[Ar\r");
	CHECK_INT(line.fed, 5);
	(void)TYPE("x\br\n");
	CHECK_STR(bytes, "r");
	CHECK_INT(line.fed, 4);
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
	CHECK_INT(TYPE("\0a\0\0\tb\x01\x0b\x0c\x11\x12\x1c\r"), LINE_DONE);
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

TEST(control_w_erases_a_word)
{
	CHECK_INT(TYPE("write vpn  \x17" "x\r"), LINE_DONE);
	CHECK_STR(bytes, "write x");
}

/* ---- edited ---- */

enum { WIDE_CAP = 256 };

static char wide[WIDE_CAP];
static struct screen screen;
static struct history history;
static struct line edited;

static void edit_begin(unsigned columns)
{
	memset(&history, 0, sizeof(history));
	screen_init(&screen, columns);
	line_init(&edited, wide, sizeof(wide), screen_echo, &screen);
	line_edit(&edited, "fra1> ", &history);
	edited.columns = columns;
	line_draw(&edited);
	screen.bytes = 0;
}

/* What the last key did; the screen is looked at after each. */
static enum line_event keys(const char *text)
{
	enum line_event event = LINE_MORE;

	for (; *text; text++) {
		event = keys_feed(&edited, (uint8_t)*text);
		if (event == LINE_DONE || event == LINE_INTERRUPTED || event == LINE_END)
			return event;
		if (!test_check_str(screen_wrong(&screen, &edited), "", __FILE__, __LINE__, "the screen"))
			return event;
	}
	return event;
}

/* A line with Enter, which stays in the history. */
static void entered(const char *text)
{
	CHECK_INT(keys(text), LINE_MORE);
	CHECK_INT(keys("\r"), LINE_DONE);
	history_add(&history, wide);
	line_begin(&edited, wide, sizeof(wide));
	line_draw(&edited);
}

TEST(arrows_home_and_end_move_and_what_is_typed_goes_in_there)
{
	static const struct {
		const char *keys, *line;
	} rows[] = {
		{ "ac\x1b[Db", "abc" },
		{ "ac\x1bODb", "abc" },
		{ "bc\x01" "a\x05" "d", "abcd" },
		{ "bc\x1b[Ha\x1b[Fd", "abcd" },
		{ "bc\x1b[1~a\x1b[4~d", "abcd" },
		{ "bc\x1bOHa\x1bOFd", "abcd" },
		{ "ac\x1b[D\x1b[C\x1b[C\x1b[D\x1b[1;5D\x1b[Cb", "abc" },
		{ "abxc\x1b[D\x1b[D\x1b[3~", "abc" },
		{ "abxc\x1b[D\x1b[D\x04", "abc" },
		{ "abxc\x1b[D\x7f", "abc" },
		{ "abcxyz\x01\x1b[C\x1b[C\x1b[C\x0b", "abc" },
		{ "xyz\x15" "abc", "abc" },
		{ "abc xyz\x17\x17" "abc", "abc" },
		{ "a\xc3\xbc" "c\x1b[D\x1b[D\x1b[C\x7f" "b", "abc" },
		{ "a\x1b[2~\x1b[15~\x1b[[A\x1bxb\x02\x1a", "ab" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		edit_begin(80);
		keys(rows[i].keys);
		CHECK_STR(wide, rows[i].line);
	}
}

TEST(what_is_typed_at_the_end_costs_a_byte_each)
{
	edit_begin(80);
	keys("reconfigure --force");
	CHECK_INT(screen.bytes, strlen("reconfigure --force"));
	screen.bytes = 0;
	keys("\x7f\x7f");
	CHECK_INT(screen.bytes, 6);
	screen.bytes = 0;
	keys("\x1b[D\x1b[D");
	CHECK_INT(screen.bytes, 2);
	/* the tail, and back */
	screen.bytes = 0;
	keys("x");
	CHECK_INT(screen.bytes, 3 + 2);
}

TEST(line_longer_than_the_screen_moves_sideways_in_its_row)
{
	edit_begin(40);
	for (int i = 0; i < 20; i++)
		keys("0123456789");
	CHECK_INT(strlen(wide), 200);
	CHECK(screen.bytes < 2 * 200);
	keys("\x01");
	CHECK_INT(edited.left, 0);
	for (int i = 0; i < 150; i++)
		keys("\x1b[C");
	keys("abc");
	for (int i = 0; i < 120; i++)
		keys("\x1b[D");
	keys("\x7f\x7f\x1b[3~");
	CHECK_INT(strlen(wide), 200);
	keys("\x05\x17");
	CHECK_STR(wide, "");
	CHECK_INT(edited.left, 0);
}

TEST(line_that_is_full_takes_no_more_and_is_refused)
{
	edit_begin(80);
	for (int i = 0; i < WIDE_CAP - 1; i++)
		keys("x");
	keys("\x01y");
	CHECK_INT(strlen(wide), WIDE_CAP - 1);
	CHECK_INT(keys_feed(&edited, '\r'), LINE_TOO_LONG);
}

TEST(history_is_walked_and_the_line_that_was_begun_comes_back)
{
	edit_begin(80);
	entered("show");
	entered("check");
	entered("check");
	entered("");
	keys("pi\x1b[A");
	CHECK_STR(wide, "check");
	keys("\x1b[A\x1b[A\x1b[A");
	CHECK_STR(wide, "show");
	keys("\x1b[B\x1b[B\x1b[B");
	CHECK_STR(wide, "pi");
	keys("\x15\x1bOAx");
	CHECK_STR(wide, "checkx");
}

TEST(control_r_finds_what_was_typed_before)
{
	edit_begin(80);
	entered("ping 10.8.3.2");
	entered("show");
	entered("ping 10.8.3.3");
	entered("network");
	keys("ping\x12");
	CHECK_STR(wide, "ping 10.8.3.3");
	keys("\x12");
	CHECK_STR(wide, "ping 10.8.3.2");
	keys("\x12");
	CHECK_STR(wide, "ping 10.8.3.2");
	keys(" -q");
	CHECK_STR(wide, "ping 10.8.3.2 -q");
}

TEST(history_is_bounded_and_keeps_no_key)
{
	char text[HISTORY_LINE_LEN + 1];

	memset(&history, 0, sizeof(history));
	for (int i = 0; i < HISTORY_LINES + 3; i++) {
		(void)snprintf(text, sizeof(text), "ping %d", i);
		history_add(&history, text);
	}
	CHECK_STR(history_get(&history, 1), text);
	CHECK_STR(history_get(&history, HISTORY_LINES), "ping 3");
	CHECK(!history_get(&history, HISTORY_LINES + 1) && !history_get(&history, 0));
	history_add(&history, "PrivateKey = 2F6tFnmUTVqPQLGkcbGkgZN0DCQXxaUsZbxQWQ6Gt0w=");
	history_add(&history, "PrivateKey=2F6tFnmUTVqPQLGkcbGkgZN0DCQXxaUsZbxQWQ6Gt0w=");
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	history_add(&history, text);
	CHECK(!strncmp(history_get(&history, 1), "ping", 4));
}

TEST(question_mark_and_tab_ask_what_fits)
{
	edit_begin(80);
	CHECK_INT(keys("?"), LINE_HELP);
	CHECK_INT(keys("sh\t"), LINE_TAB);
	CHECK_STR(wide, "sh");
	CHECK_INT(TYPE("a?\tb\r"), LINE_DONE);
	CHECK_STR(bytes, "a?\tb");
}

TEST(line_that_came_back_is_mended_or_replaced_by_the_next)
{
	static const struct {
		const char *keys, *line;
	} rows[] = {
		{ "version", "version" }, { "\x7f" "w", "shw gateway" }, { "\x01x", "xsho gateway" }, { "\x1b[C\x1b[D\x0b", "sho" },
		{ "?", "sho gateway" }, { "\x1b\x1b", "sho gateway" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		edit_begin(80);
		line_offer(&edited, "sho gateway", 3);
		CHECK_STR(screen_wrong(&screen, &edited), "");
		keys(rows[i].keys);
		CHECK_STR(wide, rows[i].line);
	}
	edit_begin(80);
	line_offer(&edited, "sho gateway", 3);
	CHECK_INT(keys("\r"), LINE_DONE);
	CHECK_STR(wide, "");
}

TEST(terminal_is_as_large_as_it_answers_once_it_was_asked)
{
	edit_begin(80);
	keys("\x1b[50;132R");
	CHECK_INT(edited.columns, 80);
	keys_ask_size(&edited);
	keys("sh\x1b[50;132R");
	CHECK_INT(edited.columns, 132);
	CHECK_INT(edited.rows, 50);
	keys("ow");
	CHECK_STR(wide, "show");
	keys("\x0c\x1b[0;0R\x1b[1;2R\x1b[99999999999;99999999999R");
	CHECK_INT(edited.columns, 132);
	CHECK_INT(edited.rows, 50);
}

TEST(noise_leaves_what_is_shown_and_what_is_kept_the_same)
{
	uint32_t random = 1;

	edit_begin(80);
	for (int i = 0; i < 20000; i++) {
		enum line_event event;

		random = random * 1664525 + 1013904223;
		event = keys_feed(&edited, (uint8_t)(random >> 24));
		if (event == LINE_MORE || event == LINE_TAB || event == LINE_HELP) {
			if (edited.columns != screen.columns)
				edit_begin(80);
			CHECK_STR(screen_wrong(&screen, &edited), "");
			continue;
		}
		line_begin(&edited, wide, sizeof(wide));
		screen_init(&screen, 80);
		line_draw(&edited);
	}
}

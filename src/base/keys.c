#include "base/keys.h"

#include <string.h>

/* ASCII, with the names of its control characters */
enum {
	SOH = 0x01,
	ETX = 0x03,
	EOT = 0x04,
	ENQ = 0x05,
	BS = 0x08,
	TAB = 0x09,
	LF = 0x0a,
	VT = 0x0b,
	FF = 0x0c,
	CR = 0x0d,
	DC2 = 0x12,
	NAK = 0x15,
	ETB = 0x17,
	ESC = 0x1b,
	DEL = 0x7f,
};

enum { COLUMNS_MIN = 20, COLUMNS_MAX = 500, ROWS_MIN = 5, ROWS_MAX = 500, PARAMETER_MAX = 9999 };

/* Far to the right and down, where am I, and back: ECMA-48 CUP and DSR, and DEC's save and restore of the cursor. */
#define ASK_SIZE "\x1b" "7\x1b[999;999H\x1b[6n\x1b" "8"
#define CLEAR_SCREEN "\x1b[H\x1b[2J"

static void show(const struct line *line, const char *bytes, size_t len)
{
	line->echo(line->arg, bytes, len);
}

void keys_ask_size(struct line *line)
{
	line->size_asked = true;
	show(line, ASK_SIZE, sizeof(ASK_SIZE) - 1);
}

/* ---- the character that is not whole yet ---- */

/* What is no character is text all the same, for who reads it to judge; in a command it is noise. */
static void part_end(struct line *line)
{
	size_t len = line->part_len;

	line->part_len = 0;
	if (len && (!line->is_edited || character_shown(line->part, len).len > 1))
		line_insert(line, line->part, len);
}

/* Taken once it is whole, or when it cannot be any more. */
static void take_high(struct line *line, uint8_t byte)
{
	if (!line->part_len || !character_is_continuation((char)byte)) {
		part_end(line);
		line->part_whole = 1 + character_follow(byte);
	}
	line->part[line->part_len++] = (char)byte;
	if (line->part_len == line->part_whole)
		part_end(line);
}

/* ---- movements and edits ---- */

static size_t before(const struct line *line)
{
	return line->at ? character_before(line->bytes, line->at) : 0;
}

static size_t behind(const struct line *line)
{
	return line->at < line->len ? line->at + character_len(line->bytes, line->at, line->len) : line->len;
}

static size_t word_before(const struct line *line)
{
	size_t at = line->at;

	while (at && (line->bytes[at - 1] == ' ' || line->bytes[at - 1] == '\t'))
		at--;
	while (at && line->bytes[at - 1] != ' ' && line->bytes[at - 1] != '\t')
		at--;
	return at;
}

static void show_past(struct line *line, size_t back)
{
	struct history *history = line->history;
	const char *text = back ? history_get(history, back) : history->draft;

	if (!text)
		return;
	if (!history->at && line->len < sizeof(history->draft))
		memcpy(history->draft, line->bytes, line->len + 1);
	history->at = back;
	line_set(line, text);
}

/* Again and again: an older one that holds what was typed before the first time. */
static void look_for(struct line *line)
{
	struct history *history = line->history;
	size_t found;

	if (!history->looks && line->len < sizeof(history->word))
		memcpy(history->word, line->bytes, line->len + 1);
	history->looks = true;
	found = history_find(history, history->at + 1, history->word);
	if (found)
		show_past(line, found);
}

enum key { KEY_NONE, KEY_UP, KEY_DOWN, KEY_RIGHT, KEY_LEFT, KEY_HOME, KEY_END, KEY_DELETE };

static void take_key(struct line *line, enum key key)
{
	if (!line->is_edited || key == KEY_NONE)
		return;
	line->is_offered = false;
	if (line->history)
		line->history->looks = false;
	switch (key) {
	case KEY_UP:
		if (line->history)
			show_past(line, line->history->at + 1);
		break;
	case KEY_DOWN:
		if (line->history && line->history->at)
			show_past(line, line->history->at - 1);
		break;
	case KEY_RIGHT:
		line_move(line, behind(line));
		break;
	case KEY_LEFT:
		line_move(line, before(line));
		break;
	case KEY_HOME:
		line_move(line, 0);
		break;
	case KEY_END:
		line_move(line, line->len);
		break;
	default:
		line_erase(line, line->at, behind(line));
	}
}

/* ---- escape sequences ---- */

static enum key key_of(uint8_t final, unsigned parameter)
{
	static const enum key letters[] = {
		['A'] = KEY_UP, ['B'] = KEY_DOWN, ['C'] = KEY_RIGHT, ['D'] = KEY_LEFT, ['F'] = KEY_END, ['H'] = KEY_HOME,
	};
	static const enum key numbers[] = {
		[1] = KEY_HOME, [3] = KEY_DELETE, [4] = KEY_END, [7] = KEY_HOME, [8] = KEY_END,
	};

	if (final == '~')
		return parameter < sizeof(numbers) / sizeof(numbers[0]) ? numbers[parameter] : KEY_NONE;
	return final < sizeof(letters) / sizeof(letters[0]) ? letters[final] : KEY_NONE;
}

static void take_size(struct line *line)
{
	unsigned rows = line->parameters[0], columns = line->parameters[1];

	if (!line->size_asked || rows < ROWS_MIN || rows > ROWS_MAX || columns < COLUMNS_MIN || columns > COLUMNS_MAX)
		return;
	line->size_asked = false;
	line->fed = 0; /* what was asked for is no noise */
	line->size_told = true;
	line->rows = rows;
	line->columns = columns;
}

static void take_csi(struct line *line, uint8_t byte)
{
	if (byte >= '0' && byte <= '9') {
		unsigned *value = &line->parameters[line->parameter_count > 0];

		if (line->parameter_count < 2 && *value < PARAMETER_MAX)
			*value = *value * 10 + byte - '0';
	} else if (byte == ';') {
		line->parameter_count++;
	} else if (byte >= 0x40) {
		line->escape = ESCAPE_NONE;
		if (byte == 'R')
			take_size(line);
		else
			take_key(line, key_of(byte, line->parameters[0]));
	}
}

/* ECMA-48 5.4: ESC [ parameters final; ESC O and one more, as cursor keys in application mode send it; ESC [ [ and one
 * more, the function keys of Linux's own console; else ESC and one more, as Alt sends it. */
static void take_escape(struct line *line, uint8_t byte)
{
	enum line_escape now = line->escape;

	line->escape = ESCAPE_NONE;
	if (now == ESCAPE_BEGUN && byte == '[') {
		line->escape = ESCAPE_CSI_FIRST;
		line->parameters[0] = line->parameters[1] = line->parameter_count = 0;
	} else if (now == ESCAPE_BEGUN && byte == 'O') {
		line->escape = ESCAPE_SS3;
	} else if (now == ESCAPE_CSI_FIRST && byte == '[') {
		line->escape = ESCAPE_ONE_MORE;
	} else if (now == ESCAPE_CSI_FIRST || now == ESCAPE_CSI) {
		line->escape = ESCAPE_CSI;
		take_csi(line, byte);
	} else if (now == ESCAPE_SS3) {
		take_key(line, key_of(byte, 0));
	}
}

/* ---- control characters ---- */

static enum line_event enter(struct line *line)
{
	/* It was not asked for once more. */
	if (line->is_offered)
		line_set(line, "");
	show(line, "\n", 1);
	return line->too_long ? LINE_TOO_LONG : LINE_DONE;
}

static void edit(struct line *line, uint8_t byte)
{
	switch (byte) {
	case SOH:
		take_key(line, KEY_HOME);
		break;
	case ENQ:
		take_key(line, KEY_END);
		break;
	case VT:
		line_erase(line, line->at, line->len);
		break;
	case FF:
		show(line, CLEAR_SCREEN, sizeof(CLEAR_SCREEN) - 1);
		keys_ask_size(line);
		line_draw(line);
		break;
	case DC2:
		if (line->history)
			look_for(line);
		break;
	default:
		break;
	}
}

static enum line_event control(struct line *line, uint8_t byte)
{
	switch (byte) {
	case LF:
	case CR:
		return enter(line);
	case ETX:
		show(line, "^C\n", 3);
		return LINE_INTERRUPTED;
	case EOT:
		if (!line->is_edited || !line->len)
			return LINE_END;
		take_key(line, KEY_DELETE);
		break;
	case BS:
	case DEL:
		line_erase(line, before(line), line->at);
		break;
	case NAK:
		line_erase(line, 0, line->len);
		break;
	case ETB:
		line_erase(line, word_before(line), line->at);
		break;
	case ESC:
		line->escape = ESCAPE_BEGUN;
		break;
	case TAB:
		return LINE_TAB;
	default:
		if (line->is_edited)
			edit(line, byte);
	}
	return LINE_MORE;
}

static enum line_event take_control(struct line *line, uint8_t byte)
{
	/* A character that lacks its end goes with Backspace. */
	if (line->part_len && (byte == BS || byte == DEL)) {
		line->part_len = 0;
		return LINE_MORE;
	}
	part_end(line);
	/* It ends a sequence that noise began: Enter and Ctrl-C always work. */
	line->escape = ESCAPE_NONE;
	if (byte && byte != ESC && byte != LF && byte != CR) {
		line->is_offered = false;
		if (line->history && byte != DC2)
			line->history->looks = false;
	}
	return control(line, byte);
}

static enum line_event take_text(struct line *line, uint8_t byte)
{
	char text = (char)byte;

	if (byte == '?' && line->is_edited) {
		part_end(line);
		line->is_offered = false;
		return LINE_HELP;
	}
	if (line->is_offered)
		line_set(line, "");
	line->is_offered = false;
	if (line->history)
		line->history->looks = false;
	if (byte >= 0x80) {
		take_high(line, byte);
	} else {
		part_end(line);
		line_insert(line, &text, 1);
	}
	return LINE_MORE;
}

enum line_event keys_feed(struct line *line, uint8_t byte)
{
	bool is_text = (byte >= ' ' && byte != DEL) || (byte == TAB && !line->is_edited), second = line->after_cr && byte == LF;

	line->after_cr = byte == CR;
	if (second)
		return LINE_MORE;
	line->fed++;
	if (!is_text)
		return take_control(line, byte);
	if (!line->escape)
		return take_text(line, byte);
	take_escape(line, byte);
	return LINE_MORE;
}

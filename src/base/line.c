#include "base/line.h"

/* ASCII, with the names of its control characters */
enum { ETX = 0x03, EOT = 0x04, BS = 0x08, TAB = 0x09, LF = 0x0a, CR = 0x0d, NAK = 0x15, ESC = 0x1b, DEL = 0x7f };

#define ERASE "\b \b"

void line_begin(struct line *line, char *bytes, size_t cap)
{
	line->bytes = bytes;
	line->cap = cap;
	line->len = 0;
	line->too_long = false;
	line->utf8_left = line->utf8_len = 0;
	bytes[0] = '\0';
}

void line_init(struct line *line, char *bytes, size_t cap, void (*echo)(void *arg, const char *bytes, size_t len), void *arg)
{
	*line = (struct line){ .echo = echo, .arg = arg };
	line_begin(line, bytes, cap);
}

static void show(const struct line *line, const char *bytes, size_t len)
{
	line->echo(line->arg, bytes, len);
}

static bool is_continuation(char byte)
{
	return ((unsigned char)byte & 0xc0) == 0x80;
}

/* The last character, however many bytes it has. */
static void erase_one(struct line *line)
{
	if (!line->len)
		return;
	do
		line->len--;
	while (line->len && is_continuation(line->bytes[line->len]));
	line->bytes[line->len] = '\0';
	/* One without its end was not shown yet. */
	if (!line->utf8_left)
		show(line, ERASE, sizeof(ERASE) - 1);
	line->utf8_left = 0;
}

static void keep(struct line *line, uint8_t byte)
{
	if (line->len + 1 >= line->cap) {
		line->too_long = true;
		return;
	}
	line->bytes[line->len++] = (char)byte;
	line->bytes[line->len] = '\0';
}

/* RFC 3629 3: how many bytes follow this first one; 0 for what is none. */
static unsigned char utf8_follow(uint8_t byte)
{
	return byte >= 0xf0 && byte <= 0xf4 ? 3 : byte >= 0xe0 && byte <= 0xef ? 2 : byte >= 0xc2 && byte <= 0xdf ? 1 : 0;
}

/* U+0080 to U+009F steer terminals as ESC does, and so may ESC itself, written longer than it has to be. */
static bool steers(const char *character)
{
	static const struct {
		unsigned char first, second_min;
	} rows[] = { { 0xc2, 0xa0 }, { 0xe0, 0xa0 }, { 0xf0, 0x90 } };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if ((unsigned char)character[0] == rows[i].first && (unsigned char)character[1] < rows[i].second_min)
			return true;
	return false;
}

static void show_last(const struct line *line)
{
	const char *character = line->bytes + line->len - line->utf8_len;

	if (line->too_long || steers(character))
		show(line, "?", 1);
	else
		show(line, character, line->utf8_len);
}

/* Shown once it is whole, and as ? when it is none: half a character, or a byte of another encoding, may be anything to
 * the terminal. */
static void take_high(struct line *line, uint8_t byte)
{
	if (line->utf8_left && is_continuation((char)byte)) {
		keep(line, byte);
		if (!--line->utf8_left)
			show_last(line);
		return;
	}
	if (line->utf8_left)
		show(line, "?", 1);
	line->utf8_left = utf8_follow(byte);
	line->utf8_len = (unsigned char)(line->utf8_left + 1);
	keep(line, byte);
	if (!line->utf8_left)
		show(line, "?", 1);
}

static void take_plain(struct line *line, uint8_t byte)
{
	char shown = (char)(byte == TAB ? ' ' : byte);

	if (line->utf8_left) {
		line->utf8_left = 0;
		show(line, "?", 1);
	}
	keep(line, byte);
	show(line, &shown, 1);
}

/* ECMA-48 5.4: ESC [ parameters final; ESC O and one more, as cursor keys in application mode send it; ESC [ [ and one
 * more, the function keys of Linux's own console; else ESC and one more, as Alt sends it. */
static void pass_escape(struct line *line, uint8_t byte)
{
	enum line_escape now = line->escape;

	line->escape = ESCAPE_NONE;
	if (now == ESCAPE_BEGUN && byte == '[')
		line->escape = ESCAPE_CSI_FIRST;
	else if ((now == ESCAPE_BEGUN && byte == 'O') || (now == ESCAPE_CSI_FIRST && byte == '['))
		line->escape = ESCAPE_ONE_MORE;
	else if ((now == ESCAPE_CSI_FIRST || now == ESCAPE_CSI) && byte < 0x40)
		line->escape = ESCAPE_CSI;
}

static enum line_event enter(struct line *line)
{
	show(line, "\n", 1);
	return line->too_long ? LINE_TOO_LONG : LINE_DONE;
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
		return LINE_END;
	case BS:
	case DEL:
		erase_one(line);
		return LINE_MORE;
	case NAK:
		while (line->len)
			erase_one(line);
		line->too_long = false;
		return LINE_MORE;
	case ESC:
		line->escape = ESCAPE_BEGUN;
		return LINE_MORE;
	default:
		return LINE_MORE;
	}
}

enum line_event line_feed(struct line *line, uint8_t byte)
{
	bool is_control = (byte < ' ' && byte != TAB) || byte == DEL, second = line->after_cr && byte == LF;

	line->after_cr = byte == CR;
	if (second)
		return LINE_MORE;
	/* A control character ends a sequence that noise began: Enter and Ctrl-C always work. */
	if (is_control) {
		line->escape = ESCAPE_NONE;
		return control(line, byte);
	}
	if (line->escape)
		pass_escape(line, byte);
	else if (byte >= 0x80)
		take_high(line, byte);
	else
		take_plain(line, byte);
	return LINE_MORE;
}

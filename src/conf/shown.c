#include "conf/shown.h"

#include <string.h>

#include "conf/keys.h"
#include "conf/left_out.h"

#define HIDDEN "(hidden)"
#define CUT "..."

/* The key of the file that a line sets; NULL for none of ours. */
static const struct conf_key *key_of(enum conf_file file, struct slice line)
{
	const struct conf_format *format = conf_formats[0];
	struct slice name;

	for (size_t i = 0; i < CONF_FORMATS; i++)
		if (!strcmp(conf_formats[i]->file, conf_file_name(file)))
			format = conf_formats[i];
	slice_cut(&line, '=', &name);
	name = slice_trim(name);
	for (size_t i = 0; i < format->key_count && line.ptr; i++)
		if (slice_equal_nocase(name, format->keys[i].name))
			return &format->keys[i];
	return NULL;
}

/* .env is others' too, and holds their passwords: of what is not ours comments stay, as long as they set nothing. */
static bool is_ours(enum conf_file file, struct slice line)
{
	struct slice text = slice_trim(line);

	return file != CONF_ENV || !text.len || key_of(file, line) || (text.ptr[0] == '#' && !memchr(text.ptr, '=', text.len));
}

static void add_printable(struct text *out, struct slice line)
{
	for (size_t i = 0; i < line.len && !out->truncated; i++) {
		unsigned char c = (unsigned char)line.ptr[i];

		if (c == '\t')
			text_add(out, " ");
		else
			text_add(out, c >= ' ' && c <= '~' ? "%c" : "\\x%02x", c);
	}
}

/* What it sets is told, where that is a name and nothing else. */
static void add_hidden(struct text *out, enum conf_file file, struct slice line)
{
	const struct conf_key *key = key_of(file, line);
	struct slice name;

	if (key) {
		text_add(out, "%s = " HIDDEN, key->name);
		return;
	}
	if (file == CONF_ENV && memchr(line.ptr, '=', line.len) && left_out_spares(file, line)) {
		slice_cut(&line, '=', &name);
		add_printable(out, name);
		text_add(out, "=");
	}
	text_add(out, HIDDEN);
}

bool shown_is_whole(enum conf_file file, struct slice line)
{
	return left_out_spares(file, line) && is_ours(file, line);
}

void shown_line(enum conf_file file, struct slice line, char dst[static SHOWN_LEN])
{
	struct text out;

	text_init(&out, dst, SHOWN_LEN);
	if (line.len && line.ptr[line.len - 1] == '\r')
		line.len--;
	if (shown_is_whole(file, line))
		add_printable(&out, line);
	else
		add_hidden(&out, file, line);
	if (out.truncated)
		text_format(dst + SHOWN_LEN - sizeof(CUT), sizeof(CUT), CUT);
}

void shown_rows(const char *label, const char *text, void (*line)(void *arg, const char *text), void *arg)
{
	size_t indent = strlen(label), len = strlen(text), room = indent < SHOWN_COLUMNS ? SHOWN_COLUMNS - indent : 1;
	char row[SHOWN_COLUMNS + 1];

	do {
		size_t piece = len < room ? len : room, word = piece;

		/* Between two words, when one ends in the last third of the row. */
		while (piece < len && word > room * 2 / 3 && text[word - 1] != ' ')
			word--;
		if (piece < len && word > room * 2 / 3)
			piece = word;

		text_format(row, sizeof(row), "%*.*s%.*s", (int)indent, (int)indent, label, (int)piece, text);
		line(arg, row);
		label = "";
		text += piece;
		len -= piece;
	} while (len);
}

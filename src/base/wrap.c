#include "base/wrap.h"

#include <string.h>
#include <unistd.h>

#include "base/text.h"

enum { LINE_LEN = WRAP_WIDTH * 4 + 1 };

size_t wrap_columns(const char *text)
{
	size_t columns = 0;

	for (; *text; text++)
		columns += (*text & 0xc0) != 0x80;
	return columns;
}

size_t wrap_bytes(const char *text, size_t columns)
{
	size_t len = 0;

	while (text[len] && columns) {
		do
			len++;
		while ((text[len] & 0xc0) == 0x80);
		columns--;
	}
	return len;
}

void wrap_text(const char *text, unsigned below, wrap_line_fn *line, void *arg)
{
	int indent = 0;
	char row[LINE_LEN];

	while (*text) {
		size_t len = wrap_bytes(text, WRAP_WIDTH - (size_t)indent), cut = len;

		while (text[len] && cut && text[cut] != ' ')
			cut--;
		cut = cut ? cut : len;
		text_format(row, sizeof(row), "%*s%.*s", indent, "", (int)cut, text);
		line(arg, row);
		text += cut;
		text += strspn(text, " ");
		indent = (int)below;
	}
}

static void print_line(void *arg, const char *text)
{
	(void)fprintf(arg, "%s\n", text);
}

void wrap_print(FILE *stream, const char *text)
{
	struct slice rest = slice_of(text), line;
	char bytes[1024];

	if (!isatty(fileno(stream))) {
		print_line(stream, text);
		return;
	}
	while (slice_cut(&rest, '\n', &line)) {
		text_format(bytes, sizeof(bytes), "%.*s", SLICE_ARG(line));
		wrap_text(bytes, 2, print_line, stream);
	}
}

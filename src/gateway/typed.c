#include "gateway/typed.h"

#include <errno.h>
#include <string.h>

#include "base/terminal.h"
#include "conf/left_out.h"

#define END_LINE "."

/* base/line prints character by character; blanks and the "=" of base64 tell nothing. */
static void echo_hidden(const char *bytes, size_t len)
{
	bool is_text = len && len <= CHARACTER_MAX && (unsigned char)bytes[0] > ' ' && bytes[0] != '=';

	terminal_echo(NULL, is_text ? "*" : bytes, is_text ? 1 : len);
}

void typed_echo(void *of, const char *bytes, size_t len)
{
	const struct line *line = of;

	if (left_out_begun((struct slice){ line->bytes, line->len }))
		echo_hidden(bytes, len);
	else
		terminal_echo(NULL, bytes, len);
}

void typed_echo_secret(void *of, const char *bytes, size_t len)
{
	(void)of;
	echo_hidden(bytes, len);
}

int typed_lines(char *bytes, size_t cap, size_t *len)
{
	enum line_event event = LINE_DONE;
	struct line line;
	bool fits = true;

	*len = 0;
	line_init(&line, bytes, cap, typed_echo, &line);
	while (event == LINE_DONE || event == LINE_TOO_LONG) {
		fits = fits && *len + sizeof("\n") < cap;
		if (!fits)
			*len = 0;
		line_begin(&line, bytes + *len, cap - *len - 1);
		terminal_echo(NULL, TYPED_PROMPT, sizeof(TYPED_PROMPT) - 1);
		event = terminal_read(&line);
		if (event == LINE_DONE && !strcmp(line.bytes, END_LINE))
			break;
		fits = fits && event != LINE_TOO_LONG;
		*len += line.len;
		if (event == LINE_DONE)
			bytes[(*len)++] = '\n';
	}
	return event == LINE_INTERRUPTED || event == LINE_GONE ? -ECANCELED : fits ? 0 : -EFBIG;
}

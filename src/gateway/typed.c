#include "gateway/typed.h"

#include <errno.h>
#include <string.h>

#include "base/terminal.h"

#define END_LINE "."

int typed_lines(char *bytes, size_t cap, size_t *len)
{
	enum line_event event = LINE_DONE;
	struct line line;
	bool fits = true;

	*len = 0;
	line_init(&line, bytes, cap, terminal_echo, NULL);
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

/* The line core on any bytes: bounds kept, nothing shown that steers a terminal, Enter always an end; of a line that is edited,
 * the screen shows what it is to show after each byte. */
#include <stdlib.h>
#include <string.h>

#include "../unit/screen.h"
#include "base/keys.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void look(void *arg, const char *bytes, size_t len)
{
	(void)arg;
	for (size_t i = 0; i < len; i++) {
		unsigned char byte = (unsigned char)bytes[i];

		if ((byte < ' ' && byte != '\n' && byte != '\b') || byte == 0x7f)
			abort();
		/* only within a whole character, and never one of U+0080 to U+009F */
		if (byte >= 0x80 && ((unsigned char)bytes[0] < 0xc2 || len < 2))
			abort();
		if (i == 1 && (unsigned char)bytes[0] == 0xc2 && byte < 0xa0)
			abort();
	}
}

static void pasted(const uint8_t *data, size_t size, char *bytes, size_t cap)
{
	struct line line;

	line_init(&line, bytes, cap, look, NULL);
	for (size_t i = 0; i < size; i++) {
		enum line_event event = keys_feed(&line, data[i]);

		if (line.len >= cap || strlen(bytes) != line.len || line.at != line.len)
			abort();
		if (event != LINE_MORE && event != LINE_TAB)
			line_begin(&line, bytes, cap);
		else if (data[i] == '\r')
			abort();
	}
}

static void edited(const uint8_t *data, size_t size, char *bytes, size_t cap)
{
	static struct history history;
	static struct screen screen;
	struct line line;

	memset(&history, 0, sizeof(history));
	screen_init(&screen, LINE_COLUMNS);
	line_init(&line, bytes, cap, screen_echo, &screen);
	line_edit(&line, "fra1> ", &history);
	line_draw(&line);
	for (size_t i = 0; i < size; i++) {
		enum line_event event = keys_feed(&line, data[i]);
		bool goes_on = event == LINE_MORE || event == LINE_TAB || event == LINE_HELP;

		if (line.len >= cap || strlen(bytes) != line.len || line.at > line.len)
			abort();
		/* As whoever reads the line does it. */
		if (line.columns != screen.columns) {
			screen_init(&screen, line.columns);
			line_draw(&line);
		}
		if (goes_on && *screen_wrong(&screen, &line))
			abort();
		if (goes_on && data[i] == '\r')
			abort();
		if (goes_on)
			continue;
		if (event == LINE_DONE)
			history_add(&history, bytes);
		screen_init(&screen, line.columns);
		line_begin(&line, bytes, cap);
		line_draw(&line);
		if (event == LINE_DONE && i % 3 == 0 && history.count)
			line_offer(&line, history_get(&history, 1), 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t cap = size ? 1 + data[0] * 2u : 1;
	char *bytes = malloc(cap); /* frees below; of its exact size, so that the sanitizer sees each byte */

	if (!bytes)
		return 0;
	pasted(data, size, bytes, cap);
	edited(data, size, bytes, cap);
	free(bytes);
	return 0;
}

/* The line core on any bytes: bounds kept, nothing shown that steers a terminal, Enter always an end. */
#include <stdlib.h>
#include <string.h>

#include "base/line.h"

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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t cap = size ? 1 + data[0] % 40u : 1;
	char *bytes = malloc(cap); /* frees below; of its exact size, so that the sanitizer sees each byte */
	struct line line;

	if (!bytes)
		return 0;
	line_init(&line, bytes, cap, look, NULL);
	for (size_t i = 0; i < size; i++) {
		enum line_event event = line_feed(&line, data[i]);

		if (line.len >= cap || strlen(bytes) != line.len)
			abort();
		if (event != LINE_MORE)
			line_begin(&line, bytes, cap);
		else if (data[i] == '\r')
			abort();
	}
	free(bytes);
	return 0;
}

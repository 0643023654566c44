#include "tunnel/uapi_lines.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/key.h"

/* Not realloc, which would leave keys behind. */
static bool make_room(struct uapi_lines *lines, size_t len)
{
	size_t cap = lines->cap ? lines->cap : 4096;
	char *text;

	while (cap - lines->len < len)
		cap *= 2;
	if (cap == lines->cap)
		return true;
	text = malloc(cap);
	if (!text)
		return false;
	if (lines->len)
		memcpy(text, lines->text, lines->len);
	if (lines->text)
		wipe(lines->text, lines->len);
	free(lines->text);
	lines->text = text;
	lines->cap = cap;
	return true;
}

static void add_line(void *arg, const char *line, size_t len)
{
	struct uapi_lines *lines = arg;

	if (!make_room(lines, len)) {
		lines->failed = true;
		return;
	}
	memcpy(lines->text + lines->len, line, len);
	lines->len += len;
}

struct uapi_to uapi_lines_to(struct uapi_lines *lines)
{
	return (struct uapi_to){ add_line, lines };
}

void uapi_lines_wipe(struct uapi_lines *lines)
{
	if (lines->text)
		wipe(lines->text, lines->len);
	lines->len = 0;
	lines->failed = false;
}

void uapi_lines_free(struct uapi_lines *lines)
{
	uapi_lines_wipe(lines);
	free(lines->text);
	*lines = (struct uapi_lines){ 0 };
}

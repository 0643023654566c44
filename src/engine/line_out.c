#include "engine/line_out.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "crypto/key.h"

void line_out_add(struct line_out *out, const char *fmt, ...)
{
	char text[600];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (n > 0 && (size_t)n < sizeof(text))
		line_out_bytes(out, text, (size_t)n);
	wipe(text, sizeof(text));
}

void line_out_bytes(void *arg, const char *bytes, size_t len)
{
	struct line_out *out = arg;

	if (len > sizeof(out->text) - out->len)
		return;
	memcpy(out->text + out->len, bytes, len);
	out->len += len;
}

void line_out_clear(struct line_out *out)
{
	wipe(out->text, out->len);
	out->len = 0;
}

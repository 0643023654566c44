#include "report/view.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void report_flush(struct report_out *out)
{
	if (out->len)
		out->write(out->arg, out->bytes, out->len);
	explicit_bzero(out->bytes, out->len);
	out->len = 0;
}

/* No byte of a value steers the terminal that it is shown on. */
static void gather(struct report_out *out, const char *bytes, size_t len, bool is_text)
{
	for (size_t i = 0; i < len; i++) {
		if (((unsigned char)bytes[i] < ' ' && (is_text || (bytes[i] != '\n' && bytes[i] != '\t'))) || bytes[i] == 0x7f)
			continue;
		if (out->len == sizeof(out->bytes))
			report_flush(out);
		out->bytes[out->len++] = bytes[i];
	}
}

void report_print(struct report_out *out, const char *fmt, ...)
{
	char bytes[512];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(bytes, sizeof(bytes), fmt, ap);
	va_end(ap);
	if (n > 0)
		gather(out, bytes, (size_t)n < sizeof(bytes) ? (size_t)n : sizeof(bytes) - 1, false);
	explicit_bzero(bytes, sizeof(bytes));
}

void report_put(struct report_out *out, const char *text)
{
	gather(out, text, strlen(text), true);
}

void report_view_peers(struct report *report, const struct report_view *view)
{
	const struct report_node *peer = report_first(&report->peers, report_root(&report->peers));

	for (; peer; peer = report_next(&report->peers, peer)) {
		view->peer(report, peer);
		report->printed++;
	}
}

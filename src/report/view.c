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

static void gather(struct report_out *out, const char *bytes, size_t len)
{
	while (len) {
		size_t part = sizeof(out->bytes) - out->len < len ? sizeof(out->bytes) - out->len : len;

		memcpy(out->bytes + out->len, bytes, part);
		out->len += part;
		bytes += part;
		len -= part;
		if (out->len == sizeof(out->bytes))
			report_flush(out);
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
		gather(out, bytes, (size_t)n < sizeof(bytes) ? (size_t)n : sizeof(bytes) - 1);
}

void report_put(struct report_out *out, const char *text)
{
	gather(out, text, strlen(text));
}

void report_put_all(struct report_out *out, ...)
{
	va_list ap;

	va_start(ap, out);
	for (const char *text = va_arg(ap, const char *); text; text = va_arg(ap, const char *))
		gather(out, text, strlen(text));
	va_end(ap);
}

void report_view_peers(struct report *report, const struct report_view *view)
{
	const struct report_node *peer = report_first(&report->peers, report_root(&report->peers));

	for (; peer; peer = report_next(&report->peers, peer)) {
		view->peer(report, peer);
		report->printed++;
	}
}

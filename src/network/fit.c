#include "network/fit.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

enum { SENTENCE_LEN = 192 };

void fit_tell(struct nics_report *report, bool error, const char *text)
{
	if (error)
		report->errors++;
	else
		report->changes++;
	if (report->say)
		report->say(report->arg, error, text);
}

void fit_say(struct fitting *fitting, int err, const char *fmt, ...)
{
	char text[SENTENCE_LEN];
	va_list ap;
	size_t len = (size_t)snprintf(text, sizeof(text), "%s: ", fitting->link->name);
	int n;

	va_start(ap, fmt);
	n = vsnprintf(text + len, sizeof(text) - len, fmt, ap);
	va_end(ap);
	len += n > 0 ? (size_t)n : 0;
	if (err < 0 && len < sizeof(text))
		text_format(text + len, sizeof(text) - len, ": %s%s%s", strerror(-err),
			 fitting->nl->error[0] ? ": " : "", fitting->nl->error);
	if (err < 0 && !fitting->err)
		fitting->err = err;
	fit_tell(fitting->report, err < 0, text);
}

void fit_refuse(struct fitting *fitting, const char *fmt, ...)
{
	char text[SENTENCE_LEN];
	va_list ap;
	size_t len = (size_t)snprintf(text, sizeof(text), "%s: ", fitting->link->name);

	va_start(ap, fmt);
	(void)vsnprintf(text + len, sizeof(text) - len, fmt, ap);
	va_end(ap);
	fitting->err = fitting->err ? fitting->err : -EINVAL;
	fit_tell(fitting->report, true, text);
}

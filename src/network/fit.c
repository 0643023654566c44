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

/* "NIC: SENTENCE" */
__attribute__((format(printf, 3, 0))) static size_t put_sentence(char text[static SENTENCE_LEN], const struct fitting *fitting, const char *fmt, va_list ap)
{
	struct text to;
	int n;

	text_init(&to, text, SENTENCE_LEN);
	text_add(&to, "%s: ", fitting->link->name);
	n = vsnprintf(text + to.len, SENTENCE_LEN - to.len, fmt, ap);
	return to.len + (n > 0 ? (size_t)n : 0);
}

__attribute__((format(printf, 4, 0))) static void say(struct fitting *fitting, const char *words, int err, const char *fmt, va_list ap)
{
	char text[SENTENCE_LEN];
	size_t len = put_sentence(text, fitting, fmt, ap);

	if (err < 0 && len < sizeof(text))
		text_format(text + len, sizeof(text) - len, ": %s%s%s", strerror(-err), words[0] ? ": " : "", words);
	if (err < 0 && !fitting->err)
		fitting->err = err;
	fit_tell(fitting->report, err < 0, text);
}

void fit_say(struct fitting *fitting, int err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(fitting, fitting->nl->error, err, fmt, ap);
	va_end(ap);
}

void fit_say_by(struct fitting *fitting, const char *words, int err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(fitting, words, err, fmt, ap);
	va_end(ap);
}

void fit_refuse(struct fitting *fitting, const char *fmt, ...)
{
	char text[SENTENCE_LEN];
	va_list ap;

	va_start(ap, fmt);
	(void)put_sentence(text, fitting, fmt, ap);
	va_end(ap);
	fitting->err = fitting->err ? fitting->err : -EINVAL;
	fit_tell(fitting->report, true, text);
}

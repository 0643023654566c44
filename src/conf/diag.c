#include "conf/diag.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

void diag_clear(struct diag *diag, bool ran_before)
{
	diag->count = diag->error_count = diag->warning_count = 0;
	diag->ran_before = ran_before;
}

void diag_copy(struct diag *to, const struct diag *from)
{
	memcpy(to->findings, from->findings, from->count * sizeof(from->findings[0]));
	to->count = from->count;
	to->error_count = from->error_count;
	to->warning_count = from->warning_count;
	to->ran_before = from->ran_before;
}

/* Where the next finding goes; an error takes the place of a warning when there is no more room. */
static struct diag_finding *room(struct diag *diag, enum diag_level level)
{
	if (diag->count < DIAG_FINDINGS_MAX)
		return &diag->findings[diag->count++];
	if (level != DIAG_ERROR || diag->error_count >= DIAG_FINDINGS_MAX)
		return NULL;
	for (size_t i = DIAG_FINDINGS_MAX; i--;)
		if (diag->findings[i].level == DIAG_WARNING)
			return &diag->findings[i];
	return NULL;
}

__attribute__((format(printf, 5, 0)))
static void add(struct diag *diag, enum diag_level level, const char *file, unsigned line, const char *fmt, va_list ap)
{
	struct diag_finding *finding = room(diag, level);

	*(level == DIAG_ERROR ? &diag->error_count : &diag->warning_count) += 1;
	if (!finding)
		return;
	finding->file = file;
	finding->line = line;
	finding->level = level;
	(void)vsnprintf(finding->text, sizeof(finding->text), fmt, ap); /* NOLINT: ap is started, clang 14 loses that */
	text_make_printable(finding->text); /* it goes to serial consoles: no byte of a file may steer one */
}

void diag_error(struct diag *diag, const char *file, unsigned line, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add(diag, DIAG_ERROR, file, line, fmt, ap);
	va_end(ap);
}

void diag_error_unless_ran(struct diag *diag, const char *file, unsigned line, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add(diag, diag->ran_before ? DIAG_WARNING : DIAG_ERROR, file, line, fmt, ap);
	va_end(ap);
}

void diag_warning(struct diag *diag, const char *file, unsigned line, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add(diag, DIAG_WARNING, file, line, fmt, ap);
	va_end(ap);
}

static bool comes_before(const struct diag_finding *a, const struct diag_finding *b)
{
	int order = strcmp(a->file, b->file);

	if (a->level != b->level)
		return a->level == DIAG_ERROR;
	return order ? order < 0 : a->line < b->line;
}

/* Errors, then warnings; by file and line, in the order of finding among equals. */
static void sort(const struct diag_finding *findings, size_t count, const struct diag_finding **sorted)
{
	for (size_t i = 0; i < count; i++)
		sorted[i] = &findings[i];
	for (size_t i = 1; i < count; i++)
		for (size_t j = i; j && comes_before(sorted[j], sorted[j - 1]); j--) {
			const struct diag_finding *earlier = sorted[j];

			sorted[j] = sorted[j - 1];
			sorted[j - 1] = earlier;
		}
}

void diag_print(const struct diag *diag, void (*line)(void *arg, const char *text), void *arg)
{
	const struct diag_finding *sorted[DIAG_FINDINGS_MAX];
	size_t count = diag->count, more = diag->error_count + diag->warning_count - count;
	char buf[DIAG_TEXT_LEN + 64];
	struct text text;

	sort(diag->findings, count, sorted);
	for (size_t i = 0; i < count; i++) {
		text_init(&text, buf, sizeof(buf));
		text_add(&text, "%s:%u: %s%s", sorted[i]->file, sorted[i]->line,
			 sorted[i]->level == DIAG_WARNING ? "warning: " : "", sorted[i]->text);
		line(arg, buf);
	}
	if (more) {
		text_init(&text, buf, sizeof(buf));
		text_add(&text, diag->error_count > count ? "and %zu more: mend these first, then check again" :
			 more == 1 ? "and %zu more warning" : "and %zu more warnings", more);
		line(arg, buf);
	}
}

const char *diag_summary(const struct diag *diag, char *dst, size_t cap)
{
	size_t errors = diag->error_count, warnings = diag->warning_count;
	struct text text;

	text_init(&text, dst, cap);
	if (errors || !warnings)
		text_add(&text, "%zu error%s%s", errors, text_plural(errors), warnings ? ", " : "");
	if (warnings)
		text_add(&text, "%zu warning%s", warnings, text_plural(warnings));
	return dst;
}

bool diag_spares(const struct diag *diag, const char *file)
{
	for (size_t i = 0; i < diag->count; i++)
		if (diag->findings[i].level == DIAG_ERROR && !strcmp(diag->findings[i].file, file))
			return false;
	return diag->count == diag->error_count + diag->warning_count;
}

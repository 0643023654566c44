#include "console/syslog_line.h"

#include <string.h>
#include <time.h>

#include "base/text.h"

enum { APP_MAX = 48, US_PER_S = 1000000, US_PER_MS = 1000 };

/* Who says it, as base/log writes it: lower-case letters and hyphens up to ": ". */
static bool cut_app(struct slice *text, struct slice *app)
{
	size_t len = 0;

	while (len < text->len && len < APP_MAX && ((text->ptr[len] >= 'a' && text->ptr[len] <= 'z') || text->ptr[len] == '-'))
		len++;
	if (!len || len + 1 >= text->len || text->ptr[len] != ':' || text->ptr[len + 1] != ' ')
		return false;
	*app = (struct slice){ text->ptr, len };
	*text = (struct slice){ text->ptr + len + 2, text->len - len - 2 };
	return true;
}

size_t syslog_line(char line[static SYSLOG_LINE_MAX], unsigned priority, int64_t at_us, const char *host, const char *app,
		   const char *text, size_t len)
{
	time_t at_s = (time_t)(at_us / US_PER_S);
	struct slice rest = { text, len }, words, name = slice_of(app);
	char when[32] = "1970-01-01T00:00:00";
	struct text out;
	struct tm tm;

	if (!slice_cut(&rest, '\n', &words))
		words = (struct slice){ "", 0 };
	(void)cut_app(&words, &name);
	if (gmtime_r(&at_s, &tm))
		(void)strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%S", &tm);
	text_init(&out, line, SYSLOG_LINE_MAX);
	text_add(&out, "<%u>1 %s.%03uZ %s %.*s - - - %.*s", priority, when, (unsigned)(at_us % US_PER_S / US_PER_MS), host,
		 SLICE_ARG(name), SLICE_ARG(words));
	return out.len;
}

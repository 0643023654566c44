#include "config/say.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

#include "base/log.h"
#include "base/paths.h"

enum { LINE_LEN = 512 };

static bool to_log;

void say_to_log(void)
{
	log_open(NAME_CONFIG);
	to_log = true;
}

void say(const char *fmt, ...)
{
	char line[LINE_LEN];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	if (to_log)
		log_info("%s", line);
	else
		printf("%s\n", line);
}

void say_err(const char *fmt, ...)
{
	char line[LINE_LEN];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	if (to_log)
		log_err("%s", line);
	else
		(void)fprintf(stderr, "%s\n", line);
}

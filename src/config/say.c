#include "config/say.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

#include "base/log.h"
#include "base/paths.h"
#include "base/wrap.h"

enum { LINE_LEN = 512 };

static bool to_log;

void say_to_log(void)
{
	log_open(NAME_CONFIG);
	to_log = true;
}

void say_to_screen(void)
{
	to_log = false;
}

__attribute__((format(printf, 2, 0))) static void put(bool error, const char *fmt, va_list ap)
{
	char line[LINE_LEN];

	(void)vsnprintf(line, sizeof(line), fmt, ap);
	if (!to_log)
		wrap_print(error ? stderr : stdout, line);
	else if (error)
		log_err("%s", line);
	else
		log_info("%s", line);
}

void say(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	put(false, fmt, ap);
	va_end(ap);
}

void say_err(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	put(true, fmt, ap);
	va_end(ap);
}

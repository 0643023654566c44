#include "init/absent.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/paths.h"
#include "base/text.h"

enum { PATH_LEN = 64, WORDS_LEN = 160 };

static const char *path_of(const char *name, char path[static PATH_LEN])
{
	text_format(path, PATH_LEN, RUN_DIR "/%s" ABSENT_END, name);
	return path;
}

void absent_tell(const char *name, const char *fmt, ...)
{
	char path[PATH_LEN], words[WORDS_LEN];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(words, sizeof(words), fmt, ap);
	va_end(ap);
	(void)file_put(path_of(name, path), words, strlen(words)); /* without it less is said */
}

void absent_end(const char *name)
{
	char path[PATH_LEN];

	(void)unlink(path_of(name, path));
}

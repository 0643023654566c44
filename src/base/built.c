#include "base/built.h"

#include <string.h>
#include <sys/utsname.h>
#include <time.h>

int64_t built_in(const char *kernel_version)
{
	const char *date = strrchr(kernel_version, '(');
	struct tm tm = { 0 };
	const char *end = date ? strptime(date, "(%Y-%m-%d)", &tm) : NULL;

	return end && !*end ? timegm(&tm) : 0;
}

int64_t built_s(void)
{
	struct utsname system;

	return uname(&system) < 0 ? 0 : built_in(system.version);
}

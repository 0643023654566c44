#include "base/version.h"

#include <sys/utsname.h>

#include "base/text.h"

const char *version_text(char dst[static VERSION_TEXT_LEN])
{
	struct utsname system;

	uname(&system);
	text_format(dst, VERSION_TEXT_LEN, "MITIGATOR gateway %s, %s %s", GATEWAY_VERSION, system.sysname, system.release);
	return dst;
}

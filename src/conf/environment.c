#include "conf/environment.h"

#include <stddef.h>
#include <string.h>

static char *const *handed;

void environment_use(char *const *environment)
{
	handed = environment;
}

const char *environment_value(const char *name)
{
	size_t len = strlen(name);

	for (char *const *entry = handed; entry && *entry; entry++)
		if (!strncmp(*entry, name, len) && (*entry)[len] == '=' && (*entry)[len + 1])
			return *entry + len + 1;
	return NULL;
}

#include "tunnel/backend.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const struct {
	const struct tunnel_ops *ops;
	const char *reason; /* why auto took it */
} backends[] = {
	{ &tunnel_kernel, "the kernel has WireGuard" },
};

enum { BACKENDS = sizeof(backends) / sizeof(backends[0]) };

bool backend_known(const char *name)
{
	for (size_t i = 0; i < BACKENDS; i++)
		if (!strcmp(backends[i].ops->name, name))
			return true;
	return !strcmp(name, BACKEND_AUTO);
}

const char *backend_names(void)
{
	static char names[64];
	size_t len = (size_t)snprintf(names, sizeof(names), "%s", BACKEND_AUTO);

	for (size_t i = 0; i < BACKENDS && len < sizeof(names); i++)
		len += (size_t)snprintf(names + len, sizeof(names) - len, "|%s", backends[i].ops->name);
	return names;
}

int backend_open(struct tunnel *tunnel, const char *name, const struct tunnel_place *place, const char **reason)
{
	bool any = !strcmp(name, BACKEND_AUTO);
	int err = -EOPNOTSUPP;

	for (size_t i = 0; i < BACKENDS && err == -EOPNOTSUPP; i++) {
		if (!any && strcmp(backends[i].ops->name, name) != 0)
			continue;
		err = tunnel_open(tunnel, backends[i].ops, place);
		*reason = any ? backends[i].reason : "";
	}
	return err;
}

#include "tunnel/backend.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"

#define PROBE_LINK "mitigator-probe"
#define TUN_PATH "/dev/net/tun"

/* Only making one tells, since that is what loads the module. */
static int kernel_look(struct nl *host, char *words, size_t cap)
{
	struct link link;
	int err = link_create(host, PROBE_LINK, "wireguard", -1);

	if ((!err || err == -EEXIST) && link_get(host, PROBE_LINK, &link) == 0)
		err = link_delete(host, link.index);
	if (err == -EOPNOTSUPP)
		text_format(words, cap, TUNNEL_NO_KERNEL);
	else if (err < 0)
		text_format(words, cap, "cannot make an interface of the kernel's WireGuard: %s", strerror(-err));
	return err;
}

static int lwip_look(struct nl *host, char *words, size_t cap)
{
	(void)host;
	if (access(TUN_PATH, R_OK | W_OK) == 0)
		return 0;
	text_format(words, cap, TUN_PATH ": %s", strerror(errno));
	return -errno;
}

static const struct {
	const struct tunnel_ops *ops;
	const char *reason; /* why auto took it */
	int (*look)(struct nl *host, char *words, size_t cap); /* can this host carry it? */
} backends[] = {
	{ &tunnel_kernel, "the kernel has WireGuard", kernel_look },
	{ &tunnel_lwip, "the kernel has no WireGuard", lwip_look },
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

int backend_look(const char *name, struct nl *host, struct backend_choice *choice, char *words, size_t cap)
{
	bool any = !strcmp(name, BACKEND_AUTO);
	int err = -EOPNOTSUPP;

	for (size_t i = 0; i < BACKENDS && err == -EOPNOTSUPP; i++) {
		if (!any && strcmp(backends[i].ops->name, name) != 0)
			continue;
		err = backends[i].look(host, words, cap);
		*choice = (struct backend_choice){ backends[i].ops, any ? backends[i].reason : "" };
	}
	return err;
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

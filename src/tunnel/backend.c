#include "tunnel/backend.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/wireguard.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"

#define TUN_PATH "/dev/net/tun"

/* Asked by the name of its generic netlink family, which has the kernel load the module where a modprobe is there (on the
 * image PID 1 has loaded it). To make an interface and delete it again would tell as much, wake whoever follows links, and
 * meet with another service that does the same. The family comes after the kind of link and goes before it. */
static int kernel_look(struct nl *host, char *words, size_t cap)
{
	static struct nl genl;
	uint16_t id;
	int err = nl_open(&genl, NETLINK_GENERIC);

	(void)host;
	if (!err)
		err = nl_family(&genl, WG_GENL_NAME, &id);
	nl_close(&genl);
	/* A kernel that is none (a sandbox's) may have no generic netlink at all. */
	if (err == -ENOENT || err == -EPROTONOSUPPORT || err == -EAFNOSUPPORT) {
		text_format(words, cap, TUNNEL_NO_KERNEL);
		return -EOPNOTSUPP;
	}
	if (err < 0)
		text_format(words, cap, "cannot ask for the kernel's WireGuard: %s", strerror(-err));
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
	{ &tunnel_uapi, "the kernel has no WireGuard", lwip_look },
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

/* What runs goes on, whatever this host has come to have: false when nothing does. */
static bool find_running(const struct tunnel_place *place, struct backend_choice *choice)
{
	struct backend_choice now;
	char words[TUNNEL_ERROR_LEN];
	struct link link;

	if (tunnel_find_link(place->netns_fd, place->device, place->alias, &link) < 0)
		return false;
	for (size_t i = 0; i < BACKENDS; i++) {
		if (strcmp(backends[i].ops->kind, link.kind) != 0)
			continue;
		*choice = (struct backend_choice){ backends[i].ops, "it carried the path before" };
		if (backend_look(BACKEND_AUTO, place->host, &now, words, sizeof(words)) == 0 && now.ops == choice->ops)
			choice->reason = now.reason;
		return true;
	}
	return false;
}

int backend_open(struct tunnel *tunnel, const char *name, const struct tunnel_place *place, const char **reason)
{
	bool any = !strcmp(name, BACKEND_AUTO);
	struct backend_choice before, now;
	int err = -EOPNOTSUPP;

	tunnel->error[0] = '\0';
	if (find_running(place, &before)) {
		*reason = before.reason;
		if (any)
			return tunnel_open(tunnel, before.ops, place);
		/* What runs is not given up for what cannot be had. */
		err = backend_look(name, place->host, &now, tunnel->error, sizeof(tunnel->error));
		if (err < 0)
			return err;
		err = -EOPNOTSUPP;
	}
	for (size_t i = 0; i < BACKENDS && err == -EOPNOTSUPP; i++) {
		if (!any && strcmp(backends[i].ops->name, name) != 0)
			continue;
		err = tunnel_open(tunnel, backends[i].ops, place);
		*reason = any ? backends[i].reason : "";
	}
	return err;
}

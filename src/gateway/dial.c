#include "gateway/dial.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/pass.h"
#include "base/sockaddr.h"
#include "gateway/names.h"
#include "gateway/service.h"
#include "netlink/netns.h"

struct dialled {
	struct inet_endpoint to;
	int fd;
};

static const struct inet_addr *address_of(const struct vpn_conf *vpn, const char *name)
{
	struct inet_addr wanted;
	bool is_addr = !inet_addr_parse(slice_of(name), &wanted);

	for (int i = 0; i < vpn->peer_count; i++) {
		const struct vpn_peer *peer = &vpn->peers[i];
		const struct inet_addr *addr = &vpn->allowed[peer->allowed_first].prefix.addr;

		if (i != vpn->own && peer->allowed_count && (is_addr ? inet_addr_equal(addr, &wanted) : names_fits(peer->name, name)))
			return addr;
	}
	return NULL;
}

static int connect_here(void *arg)
{
	struct dialled *dialled = arg;
	union sockaddr_any addr;
	socklen_t len = sockaddr_from(&addr, &dialled->to);
	int fd = socket(dialled->to.addr.family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), err;

	if (fd < 0)
		return -errno;
	if (connect(fd, &addr.any, len) == 0 || errno == EINPROGRESS) {
		dialled->fd = fd;
		return 0;
	}
	err = -errno;
	close(fd);
	return err;
}

/* What speaks against it, "" when nothing does. */
static const char *dial_peer(struct service *service, const char *name, int passed_fd)
{
	const struct env_conf *env = &service->set->env;
	const struct inet_addr *addr = service->set->clustered ? address_of(&service->set->vpn, name) : NULL;
	struct dialled dialled;
	int err;

	if (!service->path.inner.tunnel.ops)
		return "the path is down";
	if (!addr)
		return "no peer that runs is called so";
	if (!env->cluster_port)
		return "MITIGATOR_CLUSTER_PORT is off here";
	dialled = (struct dialled){ .to = { .addr = *addr, .port = env->cluster_port } };
	err = netns_call(service->path.place.netns_fd, connect_here, &dialled);
	if (err < 0)
		return strerror(-err);
	err = pass_send(passed_fd, 'd', dialled.fd);
	close(dialled.fd);
	return err < 0 ? strerror(-err) : "";
}

void dial(struct worker *worker, struct control_call *call, int argc, char **argv, uint64_t now_ns)
{
	struct service *service = service_of(worker);
	const char *why;

	(void)now_ns;
	if (argc != 2 || call->passed_fd < 0) {
		control_print(call, CONTROL_ERR, "usage: dial NAME, with a socket\n");
		control_end(call, 2);
		return;
	}
	why = dial_peer(service, argv[1], call->passed_fd);
	if (why[0])
		control_print(call, CONTROL_ERR, "%s: %s\n", service->path.profile->name, why);
	control_end(call, why[0] != '\0');
}

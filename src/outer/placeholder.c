#include "outer/placeholder.h"

#include <errno.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/sockaddr.h"

#ifndef UDP_GRO
#define UDP_GRO 104
#endif

enum { ATTEMPTS = 16 };

static int set_int(int fd, int level, int option, int value)
{
	return setsockopt(fd, level, option, &value, sizeof(value)) < 0 ? -errno : 0;
}

static int prepare(int fd, int family, bool merge)
{
	struct sock_filter drop_all = { BPF_RET | BPF_K, 0, 0, 0 };
	const struct sock_fprog program = { 1, &drop_all };

	if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) < 0)
		return -errno;
	/* Without it the kernel takes each super-frame apart before it drops it. Older than 5.0: does not matter there. */
	if (merge)
		(void)set_int(fd, IPPROTO_UDP, UDP_GRO, 1);
	return family == AF_INET6 ? set_int(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1) : 0;
}

static int bind_to(int fd, int family, uint16_t port)
{
	const struct inet_endpoint endpoint = { .addr.family = (uint8_t)family, .port = port };
	union sockaddr_any here;
	socklen_t len = sockaddr_from(&here, &endpoint);

	return bind(fd, &here.any, len) < 0 ? -errno : 0;
}

static int open_one(int family, uint16_t port, bool merge)
{
	int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), err;

	if (fd < 0)
		return -errno;
	err = prepare(fd, family, merge);
	if (!err)
		err = bind_to(fd, family, port);
	if (err < 0) {
		close(fd);
		return err;
	}
	return fd;
}

static int open_both(struct placeholder *placeholder, uint16_t port, bool merge)
{
	union sockaddr_any here;
	socklen_t len = sizeof(here);
	struct inet_endpoint endpoint = { .port = 0 };
	int fd4 = open_one(AF_INET, port, merge), fd6;

	if (fd4 < 0)
		return fd4;
	if (getsockname(fd4, &here.any, &len) < 0 || !sockaddr_to(&endpoint, &here, len)) {
		close(fd4);
		return -EBADF;
	}
	fd6 = open_one(AF_INET6, endpoint.port, merge);
	if (fd6 < 0 && fd6 != -EAFNOSUPPORT && fd6 != -EADDRNOTAVAIL) {
		close(fd4);
		return fd6;
	}
	*placeholder = (struct placeholder){ fd4, fd6 < 0 ? -1 : fd6, endpoint.port };
	return 0;
}

int placeholder_open(struct placeholder *placeholder, uint16_t port, bool merge)
{
	int err = open_both(placeholder, port, merge);

	for (int i = 1; i < ATTEMPTS && !port && err == -EADDRINUSE; i++)
		err = open_both(placeholder, 0, merge);
	return err;
}

void placeholder_close(struct placeholder *placeholder)
{
	close(placeholder->fd4);
	if (placeholder->fd6 >= 0)
		close(placeholder->fd6);
}

uint16_t placeholder_port(const struct placeholder *placeholder)
{
	return placeholder->port;
}

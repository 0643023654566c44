#include "outer/placeholder.h"

#include <errno.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <stddef.h>
#include <sys/socket.h>
#include <unistd.h>

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
	struct sockaddr_in here4 = { .sin_family = AF_INET, .sin_port = htons(port) };
	struct sockaddr_in6 here6 = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
	int failed;

	if (family == AF_INET)
		failed = bind(fd, (const struct sockaddr *)&here4, sizeof(here4));
	else
		failed = bind(fd, (const struct sockaddr *)&here6, sizeof(here6));
	return failed ? -errno : 0;
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
	struct sockaddr_in here = { 0 };
	socklen_t len = sizeof(here);

	int fd4 = open_one(AF_INET, port, merge), fd6;

	if (fd4 < 0)
		return fd4;
	if (getsockname(fd4, (struct sockaddr *)&here, &len) < 0) {
		close(fd4);
		return -EBADF;
	}
	fd6 = open_one(AF_INET6, ntohs(here.sin_port), merge);
	if (fd6 < 0 && fd6 != -EAFNOSUPPORT && fd6 != -EADDRNOTAVAIL) {
		close(fd4);
		return fd6;
	}
	*placeholder = (struct placeholder){ fd4, fd6 < 0 ? -1 : fd6, ntohs(here.sin_port) };
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

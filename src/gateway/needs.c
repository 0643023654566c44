#include "gateway/needs.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/text.h"
#include "tunnel/backend.h"
#include "tunnel/tunnel.h"

#define TUN_PATH "/dev/net/tun"
#define COMPOSE_CAPS "add `cap_add: [NET_ADMIN, NET_RAW]` to this service in docker-compose.yml"
#define COMPOSE_TUN "add `devices: [/dev/net/tun]` to this service in docker-compose.yml"

/* NET_RAW: the packet sockets of lwIP, and echo requests on both backends. */
static const struct {
	unsigned number;
	const char *name;
} needed[] = { { CAP_NET_ADMIN, "CAP_NET_ADMIN" }, { CAP_NET_RAW, "CAP_NET_RAW" } };

static int capabilities_look(char *words, size_t cap)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { { 0 } };

	if (syscall(SYS_capget, &header, data) < 0)
		return 0; /* then whatever fails says so itself */
	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
		if (data[CAP_TO_INDEX(needed[i].number)].effective & CAP_TO_MASK(needed[i].number))
			continue;
		text_format(words, cap, "the container lacks %s: " COMPOSE_CAPS, needed[i].name);
		return -EPERM;
	}
	return 0;
}

/* Opened, since a node may be there that the container's device rules deny. */
static int tun_look(char *words, size_t cap)
{
	int fd = open(TUN_PATH, O_RDWR | O_CLOEXEC | O_NONBLOCK), err = fd < 0 ? -errno : 0;

	if (fd >= 0)
		close(fd);
	if (err < 0)
		text_format(words, cap, "the container lacks " TUN_PATH " (%s): " COMPOSE_TUN, strerror(-err));
	return err;
}

int needs_look(const char *backend, struct nl *host, char *words, size_t cap)
{
	char kernel[TUNNEL_ERROR_LEN];
	struct backend_choice choice;
	int err = capabilities_look(words, cap);

	if (err < 0 || !strcmp(backend, tunnel_kernel.name))
		return err;
	if (strcmp(backend, tunnel_uapi.name) != 0 && backend_look(tunnel_kernel.name, host, &choice, kernel, sizeof(kernel)) == 0)
		return 0;
	return tun_look(words, cap);
}

#include "engine/tun.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <linux/if_tun.h>
#include <linux/rtnetlink.h>
#include <linux/virtio_net.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "netlink/netlink.h"
#include "netlink/netns.h"

#ifndef TUN_F_USO4
#define TUN_F_USO4 0x20
#define TUN_F_USO6 0x40
#endif

enum { MTU_AT_START = 1420 };

struct opening {
	struct tun *tun;
	const char *name;
	unsigned flags;
};

static void set_offload(struct tun *tun, unsigned flags)
{
	const unsigned tso = TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6, uso = TUN_F_USO4 | TUN_F_USO6;

	/* TSO since 2.6.27, USO since 6.2. */
	if (!(flags & TUN_NO_USO) && ioctl(tun->fd, TUNSETOFFLOAD, (unsigned long)(tso | uso)) == 0)
		tun->tso = tun->uso = true;
	else if (ioctl(tun->fd, TUNSETOFFLOAD, (unsigned long)tso) == 0)
		tun->tso = true;
}

/* So that a super-packet is at most one outer super-frame. An older kernel does not let these be set: then it is two. */
static void limit_gso(struct nlmsghdr *message)
{
	mnl_attr_put_u32(message, IFLA_GSO_MAX_SIZE, TUN_GSO_SIZE);
	mnl_attr_put_u32(message, IFLA_GSO_MAX_SEGS, TUN_GSO_SEGMENTS);
}

/* As wg_open() of the kernel's WireGuard: with a link-local address of its own it would be asked for routers, where no peer is. */
static void make_no_address(struct nlmsghdr *message)
{
	struct nlattr *families = mnl_attr_nest_start(message, IFLA_AF_SPEC), *inet6 = mnl_attr_nest_start(message, AF_INET6);

	mnl_attr_put_u8(message, IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE);
	mnl_attr_nest_end(message, inet6);
	mnl_attr_nest_end(message, families);
}

/* Each on its own: a kernel that refuses one, or has no IPv6, does the others. */
static void set_link(uint32_t index, void (*add)(struct nlmsghdr *message))
{
	static struct nl nl;

	if (nl_open(&nl, NETLINK_ROUTE) == 0) {
		struct nlmsghdr *message = nl_begin(&nl, RTM_NEWLINK, 0, sizeof(struct ifinfomsg));
		struct ifinfomsg *info = mnl_nlmsg_get_payload(message);

		info->ifi_index = (int)index;
		add(message);
		(void)nl_request(&nl, message, NULL, NULL);
	}
	nl_close(&nl);
}

static int open_here(void *arg)
{
	const struct opening *opening = arg;
	struct tun *tun = opening->tun;
	struct ifreq request;
	int header_len = sizeof(struct virtio_net_hdr);

	tun->fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);
	if (tun->fd < 0)
		return -errno;
	memset(&request, 0, sizeof(request));
	memcpy(request.ifr_name, opening->name, strlen(opening->name));
	tun->vnet = !(opening->flags & TUN_NO_VNET);
	request.ifr_flags = (short)(IFF_TUN | IFF_NO_PI | (tun->vnet ? IFF_VNET_HDR : 0));
	if (ioctl(tun->fd, TUNSETIFF, &request) < 0)
		return -errno;
	if (tun->vnet) {
		if (ioctl(tun->fd, TUNSETVNETHDRSZ, &header_len) < 0)
			return -errno;
		set_offload(tun, opening->flags);
	}
	memcpy(tun->name, request.ifr_name, sizeof(tun->name));
	tun->index = if_nametoindex(tun->name);
	if (!tun->index)
		return -errno;
	if (tun->tso)
		set_link(tun->index, limit_gso);
	set_link(tun->index, make_no_address);
	return 0;
}

int tun_open(struct tun *tun, const char *name, int netns_fd, unsigned flags)
{
	struct opening opening = { tun, name, flags };
	int err;

	tun->fd = -1;
	tun->index = 0;
	tun->vnet = tun->tso = tun->uso = false;
	tun->mtu_bytes = MTU_AT_START;
	memset(&tun->stats, 0, sizeof(tun->stats));
	memset(&tun->split, 0, sizeof(tun->split));
	tun->item_count = tun->iov_count = 0;
	memset(tun->flows, 0, sizeof(tun->flows));
	if (!*name || strlen(name) >= IFNAMSIZ)
		return -EINVAL;
	err = netns_call(netns_fd, open_here, &opening);
	if (err < 0)
		tun_close(tun);
	return err;
}

void tun_close(struct tun *tun)
{
	if (tun->fd >= 0)
		close(tun->fd);
	tun->fd = -1;
}

void tun_set_mtu(struct tun *tun, uint32_t mtu_bytes)
{
	tun->mtu_bytes = mtu_bytes > TUN_MTU_MAX ? TUN_MTU_MAX : mtu_bytes;
}

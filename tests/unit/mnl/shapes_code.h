/* The code of struct shapes; the includer says by SHAPES what it is called. */
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <linux/rtnetlink.h>
#include <linux/wireguard.h>
#include <netinet/in.h>
#include <string.h>

#include "base/text.h"
#include "shapes.h"

enum { PEERS = 12, PEER_PREFIXES = 9 };

static struct nlmsghdr *begin(uint8_t *buf, uint16_t type, uint16_t flags, size_t extra_len)
{
	struct nlmsghdr *message = mnl_nlmsg_put_header(buf);

	message->nlmsg_type = type;
	message->nlmsg_flags = flags;
	message->nlmsg_seq = 7;
	(void)mnl_nlmsg_put_extra_header(message, extra_len);
	return message;
}

static size_t build_link_get(uint8_t *buf)
{
	struct nlmsghdr *message = begin(buf, RTM_GETLINK, NLM_F_REQUEST | NLM_F_ACK, sizeof(struct ifinfomsg));

	mnl_attr_put_strz(message, IFLA_IFNAME, "wg0");
	mnl_attr_put_u32(message, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
	return message->nlmsg_len;
}

static size_t build_link_create(uint8_t *buf)
{
	struct nlmsghdr *message = begin(buf, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, sizeof(struct ifinfomsg));
	struct nlattr *info;

	mnl_attr_put_strz(message, IFLA_IFNAME, "gateway-data0");
	mnl_attr_put_u32(message, IFLA_NET_NS_FD, 5);
	info = mnl_attr_nest_start(message, IFLA_LINKINFO);
	mnl_attr_put_strz(message, IFLA_INFO_KIND, "wireguard");
	mnl_attr_nest_end(message, info);
	return message->nlmsg_len;
}

static size_t build_link_set(uint8_t *buf)
{
	struct nlmsghdr *message = begin(buf, RTM_SETLINK, NLM_F_REQUEST, sizeof(struct ifinfomsg));
	struct ifinfomsg *info = mnl_nlmsg_get_payload(message);

	info->ifi_index = 3;
	mnl_attr_put_u32(message, IFLA_MTU, 1420);
	return message->nlmsg_len;
}

static size_t build_address(uint8_t *buf)
{
	static const uint8_t address[16] = { 0xfd, 1, 2, 3, [15] = 9 };
	struct nlmsghdr *message = begin(buf, RTM_NEWADDR, NLM_F_CREATE, sizeof(struct ifaddrmsg));

	mnl_attr_put(message, IFA_LOCAL, 4, address);
	mnl_attr_put(message, IFA_ADDRESS, sizeof(address), address);
	return message->nlmsg_len;
}

static size_t build_route(uint8_t *buf)
{
	static const uint8_t via[18] = { AF_INET6, 0, 0xfe, 0x80, [17] = 1 };
	struct nlmsghdr *message = begin(buf, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, sizeof(struct rtmsg));
	struct nlattr *metrics;

	mnl_attr_put(message, RTA_DST, 4, via + 2);
	mnl_attr_put(message, RTA_VIA, sizeof(via), via);
	mnl_attr_put_u32(message, RTA_OIF, 2);
	mnl_attr_put_u32(message, RTA_PRIORITY, 100);
	metrics = mnl_attr_nest_start(message, RTA_METRICS);
	mnl_attr_put_u32(message, RTAX_MTU, 1400);
	mnl_attr_nest_end(message, metrics);
	return message->nlmsg_len;
}

static size_t build_family(uint8_t *buf)
{
	struct nlmsghdr *message = begin(buf, GENL_ID_CTRL, NLM_F_REQUEST, sizeof(struct genlmsghdr));
	struct genlmsghdr *genl = mnl_nlmsg_get_payload(message);

	genl->cmd = CTRL_CMD_GETFAMILY;
	genl->version = 1;
	mnl_attr_put_strz(message, CTRL_ATTR_FAMILY_NAME, "wireguard");
	return message->nlmsg_len;
}

/* Every fixed width and odd length, an empty attribute and an empty nest; pads must come out alike. */
static size_t build_odd(uint8_t *buf)
{
	struct nlmsghdr *message = begin(buf, 40, 0, 3);
	struct nlattr *nest;

	for (uint16_t len = 0; len < 10; len++)
		mnl_attr_put(message, len, len, "netlink!!");
	mnl_attr_put_u8(message, 20, 0xa5);
	mnl_attr_put_u16(message, 21, 0xa5a5);
	mnl_attr_put_u64(message, 22, UINT64_C(0x0123456789abcdef));
	nest = mnl_attr_nest_start(message, 23);
	mnl_attr_nest_end(message, nest);
	nest = mnl_attr_nest_start(message, 24);
	mnl_attr_put_u8(message, 1, 1);
	mnl_attr_nest_cancel(message, nest);
	return message->nlmsg_len;
}

static bool put_prefixes(struct nlmsghdr *message, size_t cap, uint8_t seed)
{
	struct nlattr *prefixes = mnl_attr_nest_start_check(message, cap, WGPEER_A_ALLOWEDIPS), *prefix;
	uint8_t address[16] = { 10, seed };

	if (!prefixes)
		return false;
	for (uint8_t i = 0; i < PEER_PREFIXES; i++) {
		address[2] = i;
		prefix = mnl_attr_nest_start_check(message, cap, 0);
		if (!prefix)
			goto full;
		if (!mnl_attr_put_u16_check(message, cap, WGALLOWEDIP_A_FAMILY, i & 1 ? AF_INET : AF_INET6) ||
		    !mnl_attr_put_check(message, cap, WGALLOWEDIP_A_IPADDR, i & 1 ? 4 : 16, address) ||
		    !mnl_attr_put_u8_check(message, cap, WGALLOWEDIP_A_CIDR_MASK, 24)) {
			mnl_attr_nest_cancel(message, prefix);
			goto full;
		}
		mnl_attr_nest_end(message, prefix);
	}
	mnl_attr_nest_end(message, prefixes);
	return true;
full:
	mnl_attr_nest_end(message, prefixes);
	return false;
}

static bool put_peer(struct nlmsghdr *message, size_t cap, uint8_t seed)
{
	struct sockaddr_in endpoint = { .sin_family = AF_INET, .sin_port = 0xd711 };
	struct nlattr *peer = mnl_attr_nest_start_check(message, cap, 0);
	uint8_t key[WG_KEY_LEN];
	bool fitted;

	if (!peer)
		return false;
	memset(key, seed, sizeof(key));
	fitted = mnl_attr_put_check(message, cap, WGPEER_A_PUBLIC_KEY, sizeof(key), key) &&
		 mnl_attr_put_check(message, cap, WGPEER_A_PRESHARED_KEY, sizeof(key), key) &&
		 mnl_attr_put_u32_check(message, cap, WGPEER_A_FLAGS, WGPEER_F_REPLACE_ALLOWEDIPS) &&
		 mnl_attr_put_check(message, cap, WGPEER_A_ENDPOINT, sizeof(endpoint), &endpoint) &&
		 mnl_attr_put_u16_check(message, cap, WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL, 25);
	if (!fitted) {
		mnl_attr_nest_cancel(message, peer);
		return false;
	}
	fitted = put_prefixes(message, cap, seed);
	mnl_attr_nest_end(message, peer);
	return fitted;
}

/* SET_DEVICE as far as it fits cap: the place where it is cut must be the same. */
static size_t set_device(uint8_t *buf, size_t cap)
{
	struct nlmsghdr *message = begin(buf, 30, NLM_F_REQUEST | NLM_F_ACK, sizeof(struct genlmsghdr));
	struct nlattr *peers;
	uint8_t key[WG_KEY_LEN] = { 0x77 };

	if (!mnl_attr_put_strz_check(message, cap, WGDEVICE_A_IFNAME, "wg0"))
		return message->nlmsg_len;
	(void)mnl_attr_put_check(message, cap, WGDEVICE_A_PRIVATE_KEY, sizeof(key), key);
	(void)mnl_attr_put_u16_check(message, cap, WGDEVICE_A_LISTEN_PORT, 4567);
	(void)mnl_attr_put_u64_check(message, cap, 60, 1);
	peers = mnl_attr_nest_start_check(message, cap, WGDEVICE_A_PEERS);
	if (!peers)
		return message->nlmsg_len;
	for (uint8_t i = 0; i < PEERS; i++)
		if (!put_peer(message, cap, i))
			break;
	mnl_attr_nest_end(message, peers);
	return message->nlmsg_len;
}

static size_t build_device(uint8_t *buf)
{
	return set_device(buf, SHAPE_BUF_LEN);
}

/* One after another, each with room for one byte more than the one before; the last is left in the buffer. */
static size_t build_cut_devices(uint8_t *buf)
{
	uint32_t sum = 0;
	size_t len = 0;

	for (size_t cap = 20; cap < 1500; cap++) {
		len = set_device(buf, cap);
		for (size_t i = 0; i < len; i++)
			sum = sum * 31 + buf[i];
	}
	memcpy(buf, &sum, sizeof(sum));
	return len;
}

struct description {
	struct text text;
	int depth;
};

static void describe_value(struct text *text, const struct nlattr *attr)
{
	size_t len = mnl_attr_get_payload_len(attr);

	if (len >= 1)
		text_add(text, " %x", mnl_attr_get_u8(attr));
	if (len >= 2)
		text_add(text, " %x", mnl_attr_get_u16(attr));
	if (len >= 4)
		text_add(text, " %x", mnl_attr_get_u32(attr));
	if (len >= 8)
		text_add(text, " %llx", (unsigned long long)mnl_attr_get_u64(attr));
	if (len && !mnl_attr_validate(attr, MNL_TYPE_NUL_STRING))
		text_add(text, " '%s'", mnl_attr_get_str(attr));
}

static int describe_attr(const struct nlattr *attr, void *arg)
{
	struct description *to = arg;
	struct text *text = &to->text;

	text_add(text, "\n%d: %u %u", to->depth, mnl_attr_get_type(attr), mnl_attr_get_payload_len(attr));
	for (int type = 0; type <= MNL_TYPE_MAX; type++) {
		errno = 0;
		text_add(text, ",%d", mnl_attr_validate(attr, (enum mnl_attr_data_type)type));
		text_add(text, "/%d", errno);
		errno = 0;
		text_add(text, " %d", mnl_attr_validate2(attr, (enum mnl_attr_data_type)type, 5));
		text_add(text, "/%d", errno);
	}
	describe_value(text, attr);
	if (mnl_attr_get_type(attr) == 13)
		return MNL_CB_STOP;
	if (mnl_attr_get_type(attr) == 14)
		return MNL_CB_ERROR;
	if (to->depth < 3) {
		to->depth++;
		text_add(text, " = %d", mnl_attr_parse_nested(attr, describe_attr, to));
		to->depth--;
	}
	return MNL_CB_OK;
}

static void describe(const uint8_t *buf, size_t len, char *out)
{
	const struct nlmsghdr *message = (const void *)buf;
	struct description to = { .depth = 0 };
	const struct nlattr *attr;
	int left = (int)len, rounds = 0;

	text_init(&to.text, out, SHAPE_TEXT_LEN);
	/* 2 GiB and more: libmnl 1.0.4 is wrong about it, the stand-in is not. */
	while (left >= (int)sizeof(*message) && message->nlmsg_len <= INT32_MAX && mnl_nlmsg_ok(message, left) &&
	       rounds++ < 100) {
		text_add(&to.text, "\nmessage %zu", mnl_nlmsg_get_payload_len(message));
		for (unsigned offset = 0; offset <= 16; offset += 4)
			text_add(&to.text, " ret %d", mnl_attr_parse(message, offset, describe_attr, &to));
		text_add(&to.text, " ret %d", mnl_attr_parse_payload(mnl_nlmsg_get_payload(message),
								      mnl_nlmsg_get_payload_len(message),
								      describe_attr, &to));
		for (attr = mnl_nlmsg_get_payload_offset(message, 8);
		     mnl_attr_ok(attr, (int)((uint8_t *)mnl_nlmsg_get_payload_tail(message) - (const uint8_t *)attr));
		     attr = mnl_attr_next(attr))
			text_add(&to.text, " %td", (const uint8_t *)attr - buf);
		message = mnl_nlmsg_next(message, &left);
		text_add(&to.text, " left %d at %td", left, (const uint8_t *)message - buf);
	}
}

static int ask_lo(struct mnl_socket *nl)
{
	_Alignas(8) uint8_t buf[SHAPE_BUF_LEN];
	struct nlmsghdr *message = begin(buf, RTM_GETLINK, NLM_F_REQUEST, sizeof(struct ifinfomsg));
	const struct ifinfomsg *info;
	ssize_t len;

	mnl_attr_put_strz(message, IFLA_IFNAME, "lo");
	if (mnl_socket_bind(nl, 0, MNL_SOCKET_AUTOPID) < 0 || !mnl_socket_get_portid(nl) ||
	    mnl_socket_sendto(nl, message, message->nlmsg_len) < 0)
		return -errno;
	len = recv(mnl_socket_get_fd(nl), buf, sizeof(buf), 0);
	if (len < 0)
		return -errno;
	if (!mnl_nlmsg_ok(message, (int)len) || message->nlmsg_type != RTM_NEWLINK ||
	    message->nlmsg_pid != mnl_socket_get_portid(nl))
		return -EBADMSG;
	info = mnl_nlmsg_get_payload(message);
	return info->ifi_index;
}

static int lo_index(void)
{
	struct mnl_socket *nl = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	int on = 1, index;

	if (!nl)
		return -errno;
	index = mnl_socket_setsockopt(nl, NETLINK_EXT_ACK, &on, sizeof(on)) < 0 ? -errno : ask_lo(nl);
	return mnl_socket_close(nl) < 0 ? -errno : index;
}

const struct shapes SHAPES = {
	.build = { build_link_get, build_link_create, build_link_set, build_address, build_route, build_family,
		   build_odd, build_device, build_cut_devices },
	.describe = describe,
	.lo_index = lo_index,
};

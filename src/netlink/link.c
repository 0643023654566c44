#include "netlink/link.h"

#include <errno.h>
#include <linux/ipv6.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include "netlink/attrs.h"

/* <linux/if.h>, which has it, cannot be included beside <net/if.h>. */
#define LOWER_UP (1U << 16)

/* IFLA_INFO_DATA of a VLAN. */
static int read_vlan(const struct nlattr *data, struct link *link)
{
	static const struct nl_rule rules[IFLA_VLAN_ID + 1] = { [IFLA_VLAN_ID] = NL_RULE_U16 };
	const struct nlattr *attrs[IFLA_VLAN_ID + 1];
	int err = nl_attrs_read_nest(data, rules, attrs, IFLA_VLAN_ID + 1);

	if (!err && attrs[IFLA_VLAN_ID])
		link->vlan_id = mnl_attr_get_u16(attrs[IFLA_VLAN_ID]);
	return err;
}

/* IFLA_INFO_SLAVE_DATA of a bond's port. */
static int read_port(const struct nlattr *data, struct link *link)
{
	static const struct nl_rule rules[IFLA_BOND_SLAVE_PERM_HWADDR + 1] = { 0 };
	const struct nlattr *attrs[IFLA_BOND_SLAVE_PERM_HWADDR + 1], *mac;
	int err = nl_attrs_read_nest(data, rules, attrs, IFLA_BOND_SLAVE_PERM_HWADDR + 1);

	mac = err ? NULL : attrs[IFLA_BOND_SLAVE_PERM_HWADDR];
	if (mac && mnl_attr_get_payload_len(mac) == LINK_MAC_LEN)
		memcpy(link->own_mac, mnl_attr_get_payload(mac), LINK_MAC_LEN);
	return err;
}

/* IFLA_LINKINFO: what made it, and what it is a port of. */
static int read_info(const struct nlattr *info, struct link *link)
{
	static const struct nl_rule rules[IFLA_INFO_SLAVE_DATA + 1] = {
		[IFLA_INFO_KIND] = NL_RULE_TEXT,
		[IFLA_INFO_DATA] = NL_RULE_NEST,
		[IFLA_INFO_SLAVE_KIND] = NL_RULE_TEXT,
		[IFLA_INFO_SLAVE_DATA] = NL_RULE_NEST,
	};
	const struct nlattr *attrs[IFLA_INFO_SLAVE_DATA + 1];
	char master[LINK_KIND_LEN] = "";
	int err = nl_attrs_read_nest(info, rules, attrs, IFLA_INFO_SLAVE_DATA + 1);

	if (!err && attrs[IFLA_INFO_KIND])
		err = nl_attr_text(attrs[IFLA_INFO_KIND], link->kind, sizeof(link->kind));
	if (!err && attrs[IFLA_INFO_DATA] && !strcmp(link->kind, "vlan"))
		err = read_vlan(attrs[IFLA_INFO_DATA], link);
	if (!err && attrs[IFLA_INFO_SLAVE_KIND])
		err = nl_attr_text(attrs[IFLA_INFO_SLAVE_KIND], master, sizeof(master));
	link->is_bond_port = !strcmp(master, "bond");
	if (!err && link->is_bond_port && attrs[IFLA_INFO_SLAVE_DATA])
		err = read_port(attrs[IFLA_INFO_SLAVE_DATA], link);
	return err;
}

/* IFLA_AF_SPEC, in it AF_INET6, in it the interface's numbers, in the order of DEVCONF_*. */
static int read_mtu6(const struct nlattr *spec, uint32_t *mtu_bytes)
{
	static const struct nl_rule families[AF_INET6 + 1] = { [AF_INET6] = NL_RULE_NEST };
	static const struct nl_rule rules[IFLA_INET6_CONF + 1] = {
		[IFLA_INET6_CONF] = { MNL_TYPE_UNSPEC, (DEVCONF_MTU6 + 1) * sizeof(*mtu_bytes) },
	};
	const struct nlattr *family[AF_INET6 + 1], *attrs[IFLA_INET6_CONF + 1];
	int err = nl_attrs_read_nest(spec, families, family, AF_INET6 + 1);

	if (err < 0 || !family[AF_INET6])
		return err;
	err = nl_attrs_read_nest(family[AF_INET6], rules, attrs, IFLA_INET6_CONF + 1);
	if (!err && attrs[IFLA_INET6_CONF])
		memcpy(mtu_bytes, (const uint8_t *)mnl_attr_get_payload(attrs[IFLA_INET6_CONF]) +
		       DEVCONF_MTU6 * sizeof(*mtu_bytes), sizeof(*mtu_bytes));
	return err;
}

enum { LINK_ATTRS = IFLA_MAX_MTU + 1 };

int link_read(const struct nlmsghdr *message, struct link *link)
{
	static const struct nl_rule rules[LINK_ATTRS] = {
		[IFLA_IFNAME] = NL_RULE_TEXT,
		[IFLA_MTU] = NL_RULE_U32,
		[IFLA_LINK] = NL_RULE_U32,
		[IFLA_IFALIAS] = NL_RULE_TEXT,
		[IFLA_LINKINFO] = NL_RULE_NEST,
		[IFLA_MASTER] = NL_RULE_U32,
		[IFLA_AF_SPEC] = NL_RULE_NEST,
		[IFLA_MIN_MTU] = NL_RULE_U32,
		[IFLA_MAX_MTU] = NL_RULE_U32,
	};
	const struct nlattr *attrs[LINK_ATTRS], *mac;
	const struct ifinfomsg *info = mnl_nlmsg_get_payload(message);
	int err;

	if (message->nlmsg_type != RTM_NEWLINK && message->nlmsg_type != RTM_DELLINK)
		return -ENOMSG;
	err = nl_attrs_read(message, sizeof(*info), rules, attrs, LINK_ATTRS);
	if (err < 0)
		return err;
	if (info->ifi_family != AF_UNSPEC)
		return -ENOMSG;
	if (!attrs[IFLA_IFNAME] || info->ifi_index <= 0)
		return -EBADMSG;
	*link = (struct link){
		.index = (uint32_t)info->ifi_index,
		.type = info->ifi_type,
		.up = info->ifi_flags & IFF_UP,
		.carrier = info->ifi_flags & LOWER_UP,
		.mtu_bytes = attrs[IFLA_MTU] ? mnl_attr_get_u32(attrs[IFLA_MTU]) : 0,
		.lower = attrs[IFLA_LINK] && !attrs[IFLA_LINK_NETNSID] ? mnl_attr_get_u32(attrs[IFLA_LINK]) : 0,
		.master = attrs[IFLA_MASTER] ? mnl_attr_get_u32(attrs[IFLA_MASTER]) : 0,
		.mtu_min_bytes = attrs[IFLA_MIN_MTU] ? mnl_attr_get_u32(attrs[IFLA_MIN_MTU]) : 0,
		.mtu_max_bytes = attrs[IFLA_MAX_MTU] ? mnl_attr_get_u32(attrs[IFLA_MAX_MTU]) : 0,
	};
	mac = attrs[IFLA_ADDRESS];
	link->has_mac = mac && mnl_attr_get_payload_len(mac) == LINK_MAC_LEN;
	if (link->has_mac) {
		memcpy(link->mac, mnl_attr_get_payload(mac), LINK_MAC_LEN);
		memcpy(link->own_mac, link->mac, LINK_MAC_LEN);
	}
	if (attrs[IFLA_IFALIAS] && nl_attr_text(attrs[IFLA_IFALIAS], link->alias, sizeof(link->alias)) < 0)
		link->alias[0] = '\0';
	err = nl_attr_text(attrs[IFLA_IFNAME], link->name, sizeof(link->name));
	if (!err && attrs[IFLA_LINKINFO])
		err = read_info(attrs[IFLA_LINKINFO], link);
	if (!err && attrs[IFLA_AF_SPEC])
		err = read_mtu6(attrs[IFLA_AF_SPEC], &link->mtu6_bytes);
	link->of_container = !err && !strcmp(link->kind, "veth") && attrs[IFLA_LINK_NETNSID] &&
			     (!link->master || link->is_bond_port);
	return err;
}

static struct nlmsghdr *begin(struct nl *nl, uint16_t type, uint16_t flags, uint32_t index)
{
	struct nlmsghdr *message = nl_begin(nl, type, flags, sizeof(struct ifinfomsg));
	struct ifinfomsg *info = mnl_nlmsg_get_payload(message);

	info->ifi_index = (int)index;
	return message;
}

static int get_one(const struct nlmsghdr *message, void *arg)
{
	return link_read(message, arg);
}

static int get(struct nl *nl, struct nlmsghdr *message, struct link *link)
{
	int err;

	mnl_attr_put_u32(message, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
	memset(link, 0, sizeof(*link));
	err = nl_request(nl, message, get_one, link);
	return err ? err : link->index ? 0 : -EBADMSG;
}

int link_get(struct nl *nl, const char *name, struct link *link)
{
	struct nlmsghdr *message = begin(nl, RTM_GETLINK, 0, 0);

	if (!*name || strlen(name) >= IFNAMSIZ)
		return -ENODEV;
	mnl_attr_put_strz(message, IFLA_IFNAME, name);
	return get(nl, message, link);
}

int link_get_index(struct nl *nl, uint32_t index, struct link *link)
{
	if (!index || index > INT32_MAX)
		return -ENODEV;
	return get(nl, begin(nl, RTM_GETLINK, 0, index), link);
}

struct each {
	void (*call)(const struct link *link, void *arg);
	void *arg;
};

static int each_one(const struct nlmsghdr *message, void *arg)
{
	const struct each *each = arg;
	struct link link;
	int err = link_read(message, &link);

	if (!err)
		each->call(&link, each->arg);
	return err == -ENOMSG ? 0 : err;
}

int link_each(struct nl *nl, void (*each)(const struct link *link, void *arg), void *arg)
{
	struct nlmsghdr *message = begin(nl, RTM_GETLINK, NLM_F_DUMP, 0);
	struct each to = { each, arg };

	mnl_attr_put_u32(message, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
	return nl_request(nl, message, each_one, &to);
}

int link_create(struct nl *nl, const char *name, const char *kind, int netns_fd)
{
	struct nlmsghdr *message = begin(nl, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, 0);
	struct nlattr *info;

	if (!*name || strlen(name) >= IFNAMSIZ || strlen(kind) >= LINK_KIND_LEN)
		return -EINVAL;
	mnl_attr_put_strz(message, IFLA_IFNAME, name);
	if (netns_fd >= 0)
		mnl_attr_put_u32(message, IFLA_NET_NS_FD, (uint32_t)netns_fd);
	info = mnl_attr_nest_start(message, IFLA_LINKINFO);
	mnl_attr_put_strz(message, IFLA_INFO_KIND, kind);
	mnl_attr_nest_end(message, info);
	return nl_request(nl, message, NULL, NULL);
}

int link_delete(struct nl *nl, uint32_t index)
{
	return nl_request(nl, begin(nl, RTM_DELLINK, 0, index), NULL, NULL);
}

int link_delete_name(struct nl *nl, const char *name)
{
	struct nlmsghdr *message = begin(nl, RTM_DELLINK, 0, 0);

	if (!*name || strlen(name) >= IFNAMSIZ)
		return -ENODEV;
	mnl_attr_put_strz(message, IFLA_IFNAME, name);
	return nl_request(nl, message, NULL, NULL);
}

int link_set_up(struct nl *nl, uint32_t index, bool up)
{
	struct nlmsghdr *message = begin(nl, RTM_SETLINK, 0, index);
	struct ifinfomsg *info = mnl_nlmsg_get_payload(message);

	info->ifi_change = IFF_UP;
	info->ifi_flags = up ? IFF_UP : 0;
	return nl_request(nl, message, NULL, NULL);
}

int link_set_alias(struct nl *nl, uint32_t index, const char *alias)
{
	struct nlmsghdr *message = begin(nl, RTM_SETLINK, 0, index);

	mnl_attr_put_strz(message, IFLA_IFALIAS, alias);
	return nl_request(nl, message, NULL, NULL);
}

int link_set_name(struct nl *nl, uint32_t index, const char *name)
{
	struct nlmsghdr *message = begin(nl, RTM_SETLINK, 0, index);

	mnl_attr_put_strz(message, IFLA_IFNAME, name);
	return nl_request(nl, message, NULL, NULL);
}

int link_set_mtu(struct nl *nl, uint32_t index, uint32_t mtu_bytes)
{
	struct nlmsghdr *message = begin(nl, RTM_SETLINK, 0, index);

	mnl_attr_put_u32(message, IFLA_MTU, mtu_bytes);
	return nl_request(nl, message, NULL, NULL);
}

bool link_message_index(const struct nlmsghdr *message, uint32_t *index)
{
	static const struct {
		uint16_t type;
		uint16_t header_len;
		uint16_t index_at;
	} rows[] = {
		{ RTM_NEWLINK, sizeof(struct ifinfomsg), offsetof(struct ifinfomsg, ifi_index) },
		{ RTM_DELLINK, sizeof(struct ifinfomsg), offsetof(struct ifinfomsg, ifi_index) },
		{ RTM_NEWADDR, sizeof(struct ifaddrmsg), offsetof(struct ifaddrmsg, ifa_index) },
		{ RTM_DELADDR, sizeof(struct ifaddrmsg), offsetof(struct ifaddrmsg, ifa_index) },
		{ RTM_NEWNEIGH, sizeof(struct ndmsg), offsetof(struct ndmsg, ndm_ifindex) },
		{ RTM_DELNEIGH, sizeof(struct ndmsg), offsetof(struct ndmsg, ndm_ifindex) },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		if (rows[i].type != message->nlmsg_type ||
		    mnl_nlmsg_get_payload_len(message) < rows[i].header_len)
			continue;
		memcpy(index, (const uint8_t *)mnl_nlmsg_get_payload(message) + rows[i].index_at, sizeof(*index));
		return true;
	}
	return false;
}

#include "netlink/bond.h"

#include <errno.h>
#include <linux/if_bonding.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include "netlink/attrs.h"

#define NL_RULE_U8 { MNL_TYPE_U8, 0 }

static struct nlmsghdr *begin(struct nl *nl, uint16_t type, uint16_t flags, uint32_t index)
{
	struct nlmsghdr *message = nl_begin(nl, type, flags, sizeof(struct ifinfomsg));
	struct ifinfomsg *info = mnl_nlmsg_get_payload(message);

	info->ifi_index = (int)index;
	return message;
}

/* ---- what is ---- */

/* IFLA_BOND_AD_INFO */
static int read_partner(const struct nlattr *info, struct link_bond *bond)
{
	static const struct nl_rule rules[IFLA_BOND_AD_INFO_PARTNER_MAC + 1] = { [IFLA_BOND_AD_INFO_AGGREGATOR] = NL_RULE_U16 };
	const struct nlattr *attrs[IFLA_BOND_AD_INFO_PARTNER_MAC + 1], *mac;
	int err = nl_attrs_read_nest(info, rules, attrs, IFLA_BOND_AD_INFO_PARTNER_MAC + 1);

	if (err < 0)
		return err;
	if (attrs[IFLA_BOND_AD_INFO_AGGREGATOR])
		bond->aggregator = mnl_attr_get_u16(attrs[IFLA_BOND_AD_INFO_AGGREGATOR]);
	mac = attrs[IFLA_BOND_AD_INFO_PARTNER_MAC];
	if (mac && mnl_attr_get_payload_len(mac) == LINK_MAC_LEN)
		memcpy(bond->partner, mnl_attr_get_payload(mac), LINK_MAC_LEN);
	return 0;
}

static int read_bond(const struct nlattr *data, struct link_bond *bond)
{
	static const struct nl_rule rules[IFLA_BOND_AD_INFO + 1] = {
		[IFLA_BOND_MODE] = NL_RULE_U8,
		[IFLA_BOND_ACTIVE_SLAVE] = NL_RULE_U32,
		[IFLA_BOND_MIIMON] = NL_RULE_U32,
		[IFLA_BOND_PRIMARY] = NL_RULE_U32,
		[IFLA_BOND_XMIT_HASH_POLICY] = NL_RULE_U8,
		[IFLA_BOND_AD_LACP_RATE] = NL_RULE_U8,
		[IFLA_BOND_AD_INFO] = NL_RULE_NEST,
	};
	const struct nlattr *attrs[IFLA_BOND_AD_INFO + 1];
	int err = nl_attrs_read_nest(data, rules, attrs, IFLA_BOND_AD_INFO + 1);

	if (err < 0)
		return err;
	if (attrs[IFLA_BOND_MODE])
		bond->settings.mode = mnl_attr_get_u8(attrs[IFLA_BOND_MODE]);
	if (attrs[IFLA_BOND_XMIT_HASH_POLICY])
		bond->settings.hash = mnl_attr_get_u8(attrs[IFLA_BOND_XMIT_HASH_POLICY]);
	if (attrs[IFLA_BOND_AD_LACP_RATE])
		bond->settings.lacp_fast = mnl_attr_get_u8(attrs[IFLA_BOND_AD_LACP_RATE]);
	if (attrs[IFLA_BOND_MIIMON])
		bond->settings.mii_ms = mnl_attr_get_u32(attrs[IFLA_BOND_MIIMON]);
	if (attrs[IFLA_BOND_ACTIVE_SLAVE])
		bond->active = mnl_attr_get_u32(attrs[IFLA_BOND_ACTIVE_SLAVE]);
	if (attrs[IFLA_BOND_PRIMARY])
		bond->primary = mnl_attr_get_u32(attrs[IFLA_BOND_PRIMARY]);
	return attrs[IFLA_BOND_AD_INFO] ? read_partner(attrs[IFLA_BOND_AD_INFO], bond) : 0;
}

static int read_port(const struct nlattr *data, struct link_bond_port *port)
{
	static const struct nl_rule rules[IFLA_BOND_SLAVE_AD_AGGREGATOR_ID + 1] = {
		[IFLA_BOND_SLAVE_STATE] = NL_RULE_U8,
		[IFLA_BOND_SLAVE_MII_STATUS] = NL_RULE_U8,
		[IFLA_BOND_SLAVE_LINK_FAILURE_COUNT] = NL_RULE_U32,
		[IFLA_BOND_SLAVE_AD_AGGREGATOR_ID] = NL_RULE_U16,
	};
	const struct nlattr *attrs[IFLA_BOND_SLAVE_AD_AGGREGATOR_ID + 1];
	int err = nl_attrs_read_nest(data, rules, attrs, IFLA_BOND_SLAVE_AD_AGGREGATOR_ID + 1);

	if (err < 0)
		return err;
	if (attrs[IFLA_BOND_SLAVE_STATE])
		port->in_use = mnl_attr_get_u8(attrs[IFLA_BOND_SLAVE_STATE]) == BOND_STATE_ACTIVE;
	if (attrs[IFLA_BOND_SLAVE_MII_STATUS])
		port->up = mnl_attr_get_u8(attrs[IFLA_BOND_SLAVE_MII_STATUS]) == BOND_LINK_UP;
	if (attrs[IFLA_BOND_SLAVE_LINK_FAILURE_COUNT])
		port->failures = mnl_attr_get_u32(attrs[IFLA_BOND_SLAVE_LINK_FAILURE_COUNT]);
	if (attrs[IFLA_BOND_SLAVE_AD_AGGREGATOR_ID])
		port->aggregator = mnl_attr_get_u16(attrs[IFLA_BOND_SLAVE_AD_AGGREGATOR_ID]);
	return 0;
}

/* The data of a link that is a bond, or of a bond's port: 0, -ENODATA for another, -EBADMSG. */
static int find_data(const struct nlmsghdr *message, uint16_t kind_type, uint16_t data_type, const struct nlattr **data)
{
	static const struct nl_rule link_rules[IFLA_LINKINFO + 1] = { [IFLA_LINKINFO] = NL_RULE_NEST };
	static const struct nl_rule info_rules[IFLA_INFO_SLAVE_DATA + 1] = {
		[IFLA_INFO_KIND] = NL_RULE_TEXT,
		[IFLA_INFO_DATA] = NL_RULE_NEST,
		[IFLA_INFO_SLAVE_KIND] = NL_RULE_TEXT,
		[IFLA_INFO_SLAVE_DATA] = NL_RULE_NEST,
	};
	const struct nlattr *link[IFLA_LINKINFO + 1], *info[IFLA_INFO_SLAVE_DATA + 1];
	char kind[LINK_KIND_LEN];
	int err;

	if (message->nlmsg_type != RTM_NEWLINK)
		return -ENODATA;
	err = nl_attrs_read(message, sizeof(struct ifinfomsg), link_rules, link, IFLA_LINKINFO + 1);
	if (err < 0 || !link[IFLA_LINKINFO])
		return err ? err : -ENODATA;
	err = nl_attrs_read_nest(link[IFLA_LINKINFO], info_rules, info, IFLA_INFO_SLAVE_DATA + 1);
	if (err < 0)
		return err;
	if (!info[kind_type] || !info[data_type] || nl_attr_text(info[kind_type], kind, sizeof(kind)) < 0 || strcmp(kind, "bond") != 0)
		return -ENODATA;
	*data = info[data_type];
	return 0;
}

int link_bond_read(const struct nlmsghdr *message, struct link_bond *bond)
{
	const struct nlattr *data;
	int err = find_data(message, IFLA_INFO_KIND, IFLA_INFO_DATA, &data);

	*bond = (struct link_bond){ .active = 0 };
	return err ? err : read_bond(data, bond);
}

int link_bond_port_read(const struct nlmsghdr *message, struct link_bond_port *port)
{
	const struct nlattr *data;
	int err = find_data(message, IFLA_INFO_SLAVE_KIND, IFLA_INFO_SLAVE_DATA, &data);

	*port = (struct link_bond_port){ .in_use = false };
	return err ? err : read_port(data, port);
}

static int take_bond(const struct nlmsghdr *message, void *arg)
{
	return link_bond_read(message, arg);
}

static int take_port(const struct nlmsghdr *message, void *arg)
{
	return link_bond_port_read(message, arg);
}

static struct nlmsghdr *begin_get(struct nl *nl, uint32_t index)
{
	struct nlmsghdr *message = begin(nl, RTM_GETLINK, 0, index);

	mnl_attr_put_u32(message, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
	return message;
}

int link_bond_get(struct nl *nl, uint32_t index, struct link_bond *bond)
{
	return nl_request(nl, begin_get(nl, index), take_bond, bond);
}

int link_bond_port_get(struct nl *nl, uint32_t index, struct link_bond_port *port)
{
	return nl_request(nl, begin_get(nl, index), take_port, port);
}

/* ---- what is to be ---- */

struct nests {
	struct nlattr *info, *data;
};

static struct nests begin_data(struct nlmsghdr *message)
{
	struct nests nests = { .info = mnl_attr_nest_start(message, IFLA_LINKINFO) };

	mnl_attr_put_strz(message, IFLA_INFO_KIND, "bond");
	nests.data = mnl_attr_nest_start(message, IFLA_INFO_DATA);
	return nests;
}

static void end_data(struct nlmsghdr *message, const struct nests *nests)
{
	mnl_attr_nest_end(message, nests->data);
	mnl_attr_nest_end(message, nests->info);
}

int link_create_bond(struct nl *nl, const char *name, const struct link_bond_settings *settings)
{
	struct nlmsghdr *message = begin(nl, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, 0);
	struct nests nests;

	if (!*name || strlen(name) >= IFNAMSIZ)
		return -EINVAL;
	mnl_attr_put_strz(message, IFLA_IFNAME, name);
	nests = begin_data(message);
	mnl_attr_put_u8(message, IFLA_BOND_MODE, settings->mode);
	mnl_attr_put_u32(message, IFLA_BOND_MIIMON, settings->mii_ms);
	/* The kernel takes what is of LACP alone in that mode alone. */
	if (settings->mode == BOND_MODE_8023AD) {
		mnl_attr_put_u8(message, IFLA_BOND_XMIT_HASH_POLICY, settings->hash);
		mnl_attr_put_u8(message, IFLA_BOND_AD_LACP_RATE, settings->lacp_fast);
	}
	end_data(message, &nests);
	return nl_request(nl, message, NULL, NULL);
}

int link_bond_set(struct nl *nl, uint32_t index, const struct link_bond_settings *is, const struct link_bond_settings *wanted)
{
	struct nlmsghdr *message = begin(nl, RTM_NEWLINK, 0, index);
	struct nests nests = begin_data(message);

	if (wanted->mii_ms != is->mii_ms)
		mnl_attr_put_u32(message, IFLA_BOND_MIIMON, wanted->mii_ms);
	if (wanted->hash != is->hash)
		mnl_attr_put_u8(message, IFLA_BOND_XMIT_HASH_POLICY, wanted->hash);
	if (wanted->lacp_fast != is->lacp_fast)
		mnl_attr_put_u8(message, IFLA_BOND_AD_LACP_RATE, wanted->lacp_fast);
	end_data(message, &nests);
	return nl_request(nl, message, NULL, NULL);
}

int link_bond_set_primary(struct nl *nl, uint32_t index, uint32_t port)
{
	struct nlmsghdr *message = begin(nl, RTM_NEWLINK, 0, index);
	struct nests nests = begin_data(message);

	mnl_attr_put_u32(message, IFLA_BOND_PRIMARY, port);
	end_data(message, &nests);
	return nl_request(nl, message, NULL, NULL);
}

int link_set_master(struct nl *nl, uint32_t index, uint32_t master)
{
	struct nlmsghdr *message = begin(nl, RTM_SETLINK, 0, index);

	mnl_attr_put_u32(message, IFLA_MASTER, master);
	return nl_request(nl, message, NULL, NULL);
}

bool link_message_announces(const struct nlmsghdr *message, uint32_t *index)
{
	static const struct nl_rule rules[IFLA_EVENT + 1] = { [IFLA_EVENT] = NL_RULE_U32 };
	const struct ifinfomsg *info = mnl_nlmsg_get_payload(message);
	const struct nlattr *attrs[IFLA_EVENT + 1];

	if (message->nlmsg_type != RTM_NEWLINK || nl_attrs_read(message, sizeof(*info), rules, attrs, IFLA_EVENT + 1) < 0 ||
	    !attrs[IFLA_EVENT] || mnl_attr_get_u32(attrs[IFLA_EVENT]) != IFLA_EVENT_NOTIFY_PEERS)
		return false;
	*index = (uint32_t)info->ifi_index;
	return true;
}

#include "netlink/ethtool.h"

#include <linux/ethtool.h>
#include <linux/ethtool_netlink.h>
#include <linux/genetlink.h>
#include <string.h>

#include "netlink/attrs.h"

#define NL_RULE_U8 { MNL_TYPE_U8, 0 }

enum { SPEED_MAX_MBIT = 10000000 };

int ethtool_open(struct ethtool *ethtool)
{
	int err = nl_open(&ethtool->nl, NETLINK_GENERIC);

	if (!err)
		err = nl_family(&ethtool->nl, ETHTOOL_GENL_NAME, &ethtool->family);
	if (err < 0)
		nl_close(&ethtool->nl);
	return err;
}

/* The header is attribute 1 of every message. */
static struct nlmsghdr *begin(struct ethtool *ethtool, uint8_t command, uint32_t index, uint32_t flags)
{
	struct nlmsghdr *message = nl_begin(&ethtool->nl, ethtool->family, 0, GENL_HDRLEN);
	struct genlmsghdr *genl = mnl_nlmsg_get_payload(message);
	struct nlattr *header;

	genl->cmd = command;
	genl->version = ETHTOOL_GENL_VERSION;
	header = mnl_attr_nest_start(message, ETHTOOL_A_LINKMODES_HEADER);
	mnl_attr_put_u32(message, ETHTOOL_A_HEADER_DEV_INDEX, index);
	if (flags)
		mnl_attr_put_u32(message, ETHTOOL_A_HEADER_FLAGS, flags);
	mnl_attr_nest_end(message, header);
	return message;
}

/* ---- the link ---- */

int ethtool_link_read(const struct nlmsghdr *message, struct ethtool_link *link)
{
	static const enum ethtool_duplex duplexes[] = { [DUPLEX_HALF] = ETHTOOL_DUPLEX_HALF, [DUPLEX_FULL] = ETHTOOL_DUPLEX_FULL };
	static const struct nl_rule rules[ETHTOOL_A_LINKMODES_DUPLEX + 1] = {
		[ETHTOOL_A_LINKMODES_SPEED] = NL_RULE_U32,
		[ETHTOOL_A_LINKMODES_DUPLEX] = NL_RULE_U8,
	};
	const struct nlattr *attrs[ETHTOOL_A_LINKMODES_DUPLEX + 1];
	int err = nl_attrs_read(message, GENL_HDRLEN, rules, attrs, ETHTOOL_A_LINKMODES_DUPLEX + 1);

	*link = (struct ethtool_link){ .speed_mbit = 0 };
	if (err < 0)
		return err;
	/* -1 without carrier */
	if (attrs[ETHTOOL_A_LINKMODES_SPEED] && mnl_attr_get_u32(attrs[ETHTOOL_A_LINKMODES_SPEED]) <= SPEED_MAX_MBIT)
		link->speed_mbit = mnl_attr_get_u32(attrs[ETHTOOL_A_LINKMODES_SPEED]);
	if (attrs[ETHTOOL_A_LINKMODES_DUPLEX] &&
	    mnl_attr_get_u8(attrs[ETHTOOL_A_LINKMODES_DUPLEX]) < sizeof(duplexes) / sizeof(duplexes[0]))
		link->duplex = duplexes[mnl_attr_get_u8(attrs[ETHTOOL_A_LINKMODES_DUPLEX])];
	return 0;
}

static int take_link(const struct nlmsghdr *message, void *arg)
{
	return ethtool_link_read(message, arg);
}

int ethtool_link_get(struct ethtool *ethtool, uint32_t index, struct ethtool_link *link)
{
	return nl_request(&ethtool->nl, begin(ethtool, ETHTOOL_MSG_LINKMODES_GET, index, ETHTOOL_FLAG_COMPACT_BITSETS), take_link, link);
}

/* ---- rings ---- */

int ethtool_rings_read(const struct nlmsghdr *message, struct ethtool_rings *rings)
{
	enum { COUNT = ETHTOOL_A_RINGS_TX + 1 };
	static const struct nl_rule rules[COUNT] = {
		[ETHTOOL_A_RINGS_RX_MAX] = NL_RULE_U32,
		[ETHTOOL_A_RINGS_TX_MAX] = NL_RULE_U32,
		[ETHTOOL_A_RINGS_RX] = NL_RULE_U32,
		[ETHTOOL_A_RINGS_TX] = NL_RULE_U32,
	};
	const struct {
		uint16_t attr;
		uint32_t *value;
	} rows[] = {
		{ ETHTOOL_A_RINGS_RX_MAX, &rings->rx_max },
		{ ETHTOOL_A_RINGS_TX_MAX, &rings->tx_max },
		{ ETHTOOL_A_RINGS_RX, &rings->rx },
		{ ETHTOOL_A_RINGS_TX, &rings->tx },
	};
	const struct nlattr *attrs[COUNT];
	int err = nl_attrs_read(message, GENL_HDRLEN, rules, attrs, COUNT);

	*rings = (struct ethtool_rings){ .rx = 0 };
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]) && !err; i++)
		if (attrs[rows[i].attr])
			*rows[i].value = mnl_attr_get_u32(attrs[rows[i].attr]);
	return err;
}

static int take_rings(const struct nlmsghdr *message, void *arg)
{
	return ethtool_rings_read(message, arg);
}

int ethtool_rings_get(struct ethtool *ethtool, uint32_t index, struct ethtool_rings *rings)
{
	return nl_request(&ethtool->nl, begin(ethtool, ETHTOOL_MSG_RINGS_GET, index, 0), take_rings, rings);
}

/* ---- features ---- */

/* ETHTOOL_A_BITSET_BITS_BIT: sets the bit of the name it has, if it is in the set. */
static int read_bit(const struct nlattr *bit, bool listed_is_set, const char *const names[], size_t count, uint32_t *bits)
{
	static const struct nl_rule rules[ETHTOOL_A_BITSET_BIT_VALUE + 1] = { [ETHTOOL_A_BITSET_BIT_NAME] = NL_RULE_TEXT };
	const struct nlattr *attrs[ETHTOOL_A_BITSET_BIT_VALUE + 1];
	int err = nl_attrs_read_nest(bit, rules, attrs, ETHTOOL_A_BITSET_BIT_VALUE + 1);

	if (err < 0)
		return err;
	if (!attrs[ETHTOOL_A_BITSET_BIT_NAME] || (!listed_is_set && !attrs[ETHTOOL_A_BITSET_BIT_VALUE]))
		return 0;
	for (size_t i = 0; i < count; i++)
		if (!strcmp(mnl_attr_get_str(attrs[ETHTOOL_A_BITSET_BIT_NAME]), names[i]))
			*bits |= UINT32_C(1) << i;
	return 0;
}

/* A set that is not compact: a list of what is in it, or of what is known with a mark at what is in it. */
static int read_bits(const struct nlattr *set, const char *const names[], size_t count, uint32_t *bits)
{
	static const struct nl_rule rules[ETHTOOL_A_BITSET_BITS + 1] = { [ETHTOOL_A_BITSET_BITS] = NL_RULE_NEST };
	const struct nlattr *attrs[ETHTOOL_A_BITSET_BITS + 1], *bit;
	int err = nl_attrs_read_nest(set, rules, attrs, ETHTOOL_A_BITSET_BITS + 1);

	*bits = 0;
	if (err < 0 || !attrs[ETHTOOL_A_BITSET_BITS])
		return err;
	nl_for_each_nested(bit, attrs[ETHTOOL_A_BITSET_BITS]) {
		err = mnl_attr_get_type(bit) != ETHTOOL_A_BITSET_BITS_BIT ? 0 :
			      read_bit(bit, attrs[ETHTOOL_A_BITSET_NOMASK], names, count, bits);
		if (err < 0)
			return err;
	}
	return 0;
}

int ethtool_features_read(const struct nlmsghdr *message, const char *const names[], size_t count,
			  struct ethtool_features *features)
{
	enum { COUNT = ETHTOOL_A_FEATURES_NOCHANGE + 1 };
	static const struct nl_rule rules[COUNT] = {
		[ETHTOOL_A_FEATURES_HW] = NL_RULE_NEST,
		[ETHTOOL_A_FEATURES_ACTIVE] = NL_RULE_NEST,
		[ETHTOOL_A_FEATURES_NOCHANGE] = NL_RULE_NEST,
	};
	const struct nlattr *attrs[COUNT];
	uint32_t bits[COUNT] = { 0 };
	int err = nl_attrs_read(message, GENL_HDRLEN, rules, attrs, COUNT);

	*features = (struct ethtool_features){ .can = 0 };
	for (size_t i = ETHTOOL_A_FEATURES_HW; i < COUNT && !err; i++)
		if (rules[i].type == MNL_TYPE_NESTED && attrs[i])
			err = read_bits(attrs[i], names, count, &bits[i]);
	if (err < 0)
		return err;
	features->can = bits[ETHTOOL_A_FEATURES_HW] & ~bits[ETHTOOL_A_FEATURES_NOCHANGE];
	features->active = bits[ETHTOOL_A_FEATURES_ACTIVE];
	return 0;
}

struct reading {
	const char *const *names;
	size_t count;
	struct ethtool_features *features;
};

static int take_features(const struct nlmsghdr *message, void *arg)
{
	const struct reading *reading = arg;

	return ethtool_features_read(message, reading->names, reading->count, reading->features);
}

int ethtool_features_get(struct ethtool *ethtool, uint32_t index, const char *const names[], size_t count,
			 struct ethtool_features *features)
{
	struct reading reading = { names, count, features };

	/* By name: the kernel's numbers of them differ between its versions. */
	return nl_request(&ethtool->nl, begin(ethtool, ETHTOOL_MSG_FEATURES_GET, index, 0), take_features, &reading);
}

int ethtool_features_set(struct ethtool *ethtool, uint32_t index, const char *const names[], size_t count, uint32_t mask,
			 uint32_t values)
{
	struct nlmsghdr *message = begin(ethtool, ETHTOOL_MSG_FEATURES_SET, index, ETHTOOL_FLAG_OMIT_REPLY);
	struct nlattr *set = mnl_attr_nest_start(message, ETHTOOL_A_FEATURES_WANTED);
	struct nlattr *bits = mnl_attr_nest_start(message, ETHTOOL_A_BITSET_BITS), *bit;

	for (size_t i = 0; i < count; i++) {
		if (!(mask >> i & 1))
			continue;
		bit = mnl_attr_nest_start(message, ETHTOOL_A_BITSET_BITS_BIT);
		mnl_attr_put_strz(message, ETHTOOL_A_BITSET_BIT_NAME, names[i]);
		if (values >> i & 1)
			mnl_attr_put(message, ETHTOOL_A_BITSET_BIT_VALUE, 0, NULL);
		mnl_attr_nest_end(message, bit);
	}
	mnl_attr_nest_end(message, bits);
	mnl_attr_nest_end(message, set);
	return nl_request(&ethtool->nl, message, NULL, NULL);
}

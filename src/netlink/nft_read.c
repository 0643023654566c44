#include <endian.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <string.h>

#include "base/text.h"
#include "netlink/attrs.h"
#include "netlink/nft.h"

static struct nlmsghdr *question(struct nl *nl, uint16_t type, uint16_t flags)
{
	struct nlmsghdr *message = nl_begin(nl, (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type), flags, sizeof(struct nfgenmsg));
	struct nfgenmsg *head = mnl_nlmsg_get_payload(message);

	head->nfgen_family = NFPROTO_INET;
	head->version = NFNETLINK_V0;
	return message;
}

int nft_has_chain(struct nl *nl, const char *table, const char *chain)
{
	struct nlmsghdr *message = question(nl, NFT_MSG_GETCHAIN, 0);

	mnl_attr_put_strz(message, NFTA_CHAIN_TABLE, table);
	mnl_attr_put_strz(message, NFTA_CHAIN_NAME, chain);
	return nl_request(nl, message, NULL, NULL);
}

static void read_comment(const struct nlattr *attr, struct nft_rule *rule)
{
	struct slice rest = { mnl_attr_get_payload(attr), mnl_attr_get_payload_len(attr) };

	while (rest.len > NFT_UDATA_HEADER_LEN) {
		uint8_t type = (uint8_t)rest.ptr[0], len = (uint8_t)rest.ptr[1];

		if (len > rest.len - NFT_UDATA_HEADER_LEN)
			return;
		if (type == NFT_UDATA_COMMENT && len && len <= sizeof(rule->comment) && !rest.ptr[NFT_UDATA_HEADER_LEN + len - 1])
			memcpy(rule->comment, rest.ptr + NFT_UDATA_HEADER_LEN, len);
		rest = (struct slice){ rest.ptr + NFT_UDATA_HEADER_LEN + len, rest.len - NFT_UDATA_HEADER_LEN - len };
	}
}

static int read_counter(const struct nlattr *expression, struct nft_rule *rule)
{
	enum { EXPRESSION = NFTA_EXPR_DATA + 1, COUNTER = NFTA_COUNTER_PACKETS + 1 };
	static const struct nl_rule rules[EXPRESSION] = { [NFTA_EXPR_NAME] = NL_RULE_TEXT, [NFTA_EXPR_DATA] = NL_RULE_NEST };
	static const struct nl_rule counts[COUNTER] = { [NFTA_COUNTER_BYTES] = { MNL_TYPE_U64, 0 }, [NFTA_COUNTER_PACKETS] = { MNL_TYPE_U64, 0 } };
	const struct nlattr *attrs[EXPRESSION], *counter[COUNTER];
	int err = nl_attrs_read_nest(expression, rules, attrs, EXPRESSION);

	if (err < 0)
		return err;
	if (!attrs[NFTA_EXPR_NAME] || strcmp(mnl_attr_get_str(attrs[NFTA_EXPR_NAME]), "counter") != 0)
		return 0;
	if (!attrs[NFTA_EXPR_DATA])
		return -EBADMSG;
	err = nl_attrs_read_nest(attrs[NFTA_EXPR_DATA], counts, counter, COUNTER);
	if (!err && (!counter[NFTA_COUNTER_BYTES] || !counter[NFTA_COUNTER_PACKETS]))
		err = -EBADMSG;
	if (err < 0)
		return err;
	rule->bytes = be64toh(mnl_attr_get_u64(counter[NFTA_COUNTER_BYTES]));
	rule->packets = be64toh(mnl_attr_get_u64(counter[NFTA_COUNTER_PACKETS]));
	return 0;
}

int nft_rule_read(const struct nlmsghdr *message, struct nft_rule *rule)
{
	enum { COUNT = NFTA_RULE_USERDATA + 1 };
	static const struct nl_rule rules[COUNT] = { [NFTA_RULE_EXPRESSIONS] = NL_RULE_NEST };
	const struct nlattr *attrs[COUNT], *expression;
	int err;

	*rule = (struct nft_rule){ .comment = "" };
	if (message->nlmsg_type != (NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWRULE))
		return -ENOMSG;
	err = nl_attrs_read(message, sizeof(struct nfgenmsg), rules, attrs, COUNT);
	if (err < 0)
		return err;
	if (attrs[NFTA_RULE_USERDATA])
		read_comment(attrs[NFTA_RULE_USERDATA], rule);
	if (!attrs[NFTA_RULE_EXPRESSIONS])
		return 0;
	nl_for_each_nested(expression, attrs[NFTA_RULE_EXPRESSIONS]) {
		err = read_counter(expression, rule);
		if (err < 0)
			return err;
	}
	return 0;
}

struct rules_ask {
	void (*each)(const struct nft_rule *rule, void *arg);
	void *arg;
};

static int rule_came(const struct nlmsghdr *message, void *arg)
{
	const struct rules_ask *ask = arg;
	struct nft_rule rule;
	int err = nft_rule_read(message, &rule);

	if (!err)
		ask->each(&rule, ask->arg);
	return err == -ENOMSG ? 0 : err;
}

int nft_rules_each(struct nl *nl, const char *table, const char *chain, void (*each)(const struct nft_rule *rule, void *arg), void *arg)
{
	struct rules_ask ask = { each, arg };
	struct nlmsghdr *message = question(nl, NFT_MSG_GETRULE, NLM_F_DUMP);

	mnl_attr_put_strz(message, NFTA_RULE_TABLE, table);
	mnl_attr_put_strz(message, NFTA_RULE_CHAIN, chain);
	return nl_request(nl, message, rule_came, &ask);
}

/* ---- sets ---- */

static int read_element(const struct nlattr *element, void (*each)(const void *key, size_t len, void *arg), void *arg)
{
	enum { ELEMENT = NFTA_SET_ELEM_KEY + 1, DATA = NFTA_DATA_VALUE + 1 };
	static const struct nl_rule rules[ELEMENT] = { [NFTA_SET_ELEM_KEY] = NL_RULE_NEST };
	static const struct nl_rule values[DATA];
	const struct nlattr *attrs[ELEMENT], *data[DATA] = { NULL };
	int err = nl_attrs_read_nest(element, rules, attrs, ELEMENT);

	if (!err && attrs[NFTA_SET_ELEM_KEY])
		err = nl_attrs_read_nest(attrs[NFTA_SET_ELEM_KEY], values, data, DATA);
	if (!err && (!attrs[NFTA_SET_ELEM_KEY] || !data[NFTA_DATA_VALUE]))
		err = -EBADMSG;
	if (!err)
		each(mnl_attr_get_payload(data[NFTA_DATA_VALUE]), mnl_attr_get_payload_len(data[NFTA_DATA_VALUE]), arg);
	return err;
}

int nft_elements_read(const struct nlmsghdr *message, void (*each)(const void *key, size_t len, void *arg), void *arg)
{
	enum { COUNT = NFTA_SET_ELEM_LIST_ELEMENTS + 1 };
	static const struct nl_rule rules[COUNT] = { [NFTA_SET_ELEM_LIST_ELEMENTS] = NL_RULE_NEST };
	const struct nlattr *attrs[COUNT], *element;
	int err;

	if (message->nlmsg_type != (NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWSETELEM))
		return -ENOMSG;
	err = nl_attrs_read(message, sizeof(struct nfgenmsg), rules, attrs, COUNT);
	if (err < 0 || !attrs[NFTA_SET_ELEM_LIST_ELEMENTS])
		return err;
	nl_for_each_nested(element, attrs[NFTA_SET_ELEM_LIST_ELEMENTS]) {
		err = read_element(element, each, arg);
		if (err < 0)
			return err;
	}
	return 0;
}

struct elements_ask {
	void (*each)(const void *key, size_t len, void *arg);
	void *arg;
};

static int elements_came(const struct nlmsghdr *message, void *arg)
{
	const struct elements_ask *ask = arg;
	int err = nft_elements_read(message, ask->each, ask->arg);

	return err == -ENOMSG ? 0 : err;
}

int nft_elements_each(struct nl *nl, const char *table, const char *set, void (*each)(const void *key, size_t len, void *arg), void *arg)
{
	struct elements_ask ask = { each, arg };
	struct nlmsghdr *message = question(nl, NFT_MSG_GETSET, 0);
	int err;

	mnl_attr_put_strz(message, NFTA_SET_TABLE, table);
	mnl_attr_put_strz(message, NFTA_SET_NAME, set);
	err = nl_request(nl, message, NULL, NULL);
	if (err < 0)
		return err;
	message = question(nl, NFT_MSG_GETSETELEM, NLM_F_DUMP);
	mnl_attr_put_strz(message, NFTA_SET_ELEM_LIST_TABLE, table);
	mnl_attr_put_strz(message, NFTA_SET_ELEM_LIST_SET, set);
	return nl_request(nl, message, elements_came, &ask);
}

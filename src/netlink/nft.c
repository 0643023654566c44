#include "netlink/nft.h"

#include <arpa/inet.h>
#include <assert.h>
#include <endian.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <string.h>

/* Of no message of ours; looked at before each. */
enum { MESSAGE_MOST = 2048 };

#define MESSAGE(type) (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | (type))

/* ---- attributes ---- */

static void put_be32(struct nlmsghdr *message, uint16_t type, uint32_t value)
{
	mnl_attr_put_u32(message, type, htonl(value));
}

static void put_be64(struct nlmsghdr *message, uint16_t type, uint64_t value)
{
	mnl_attr_put_u64(message, type, htobe64(value));
}

static void put_data(struct nlmsghdr *message, uint16_t type, const void *value, size_t len)
{
	struct nlattr *nest = mnl_attr_nest_start(message, type);

	mnl_attr_put(message, NFTA_DATA_VALUE, len, value);
	mnl_attr_nest_end(message, nest);
}

/* ---- the batch ---- */

static void message_end(struct nft_batch *batch)
{
	if (batch->message)
		batch->len += batch->message->nlmsg_len;
}

static struct nlmsghdr *message_begin(struct nft_batch *batch, uint16_t type, uint16_t flags, uint16_t resource)
{
	struct nfgenmsg *head;

	message_end(batch);
	/* The last one's place is written over; nft_commit refuses the whole. */
	if (batch->len + MESSAGE_MOST > sizeof(batch->nl->request)) {
		batch->full = true;
		batch->len = 0;
	}
	batch->message = mnl_nlmsg_put_header(batch->nl->request + batch->len);
	batch->message->nlmsg_type = type;
	batch->message->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
	head = mnl_nlmsg_put_extra_header(batch->message, sizeof(*head));
	head->nfgen_family = NFPROTO_INET;
	head->version = NFNETLINK_V0;
	head->res_id = htons(resource);
	return batch->message;
}

static struct nlmsghdr *nft_message(struct nft_batch *batch, uint16_t type, uint16_t flags)
{
	return message_begin(batch, MESSAGE(type), flags, 0);
}

void nft_begin(struct nft_batch *batch, struct nl *nl, const char *table)
{
	*batch = (struct nft_batch){ .nl = nl, .table = table };
	message_begin(batch, NFNL_MSG_BATCH_BEGIN, 0, NFNL_SUBSYS_NFTABLES)->nlmsg_flags = NLM_F_REQUEST;
}

int nft_commit(struct nft_batch *batch)
{
	if (!batch->len) /* nothing behind the begin */
		return batch->full ? -EMSGSIZE : 0;
	/* The kernel answers a batch that went well by this one's acknowledgement alone. */
	batch->message->nlmsg_flags |= NLM_F_ACK;
	message_begin(batch, NFNL_MSG_BATCH_END, 0, NFNL_SUBSYS_NFTABLES);
	message_end(batch);
	return batch->full ? -EMSGSIZE : nl_request_batch(batch->nl, batch->len);
}

/* ---- tables, sets, chains ---- */

void nft_put_table(struct nft_batch *batch)
{
	mnl_attr_put_strz(nft_message(batch, NFT_MSG_NEWTABLE, NLM_F_CREATE), NFTA_TABLE_NAME, batch->table);
}

void nft_remove_table(struct nft_batch *batch)
{
	mnl_attr_put_strz(nft_message(batch, NFT_MSG_DELTABLE, 0), NFTA_TABLE_NAME, batch->table);
}

void nft_put_set(struct nft_batch *batch, const struct nft_set_type *set)
{
	struct nlmsghdr *message = nft_message(batch, NFT_MSG_NEWSET, NLM_F_CREATE);
	/* For nft(8), which takes a name for a number otherwise: type, length, and libnftnl's word for the host's byte order. */
	static const uint8_t host_order[] = { 0, 4, 1, 0, 0, 0 };
	struct nlattr *nest;

	mnl_attr_put_strz(message, NFTA_SET_TABLE, batch->table);
	mnl_attr_put_strz(message, NFTA_SET_NAME, set->name);
	put_be32(message, NFTA_SET_KEY_TYPE, set->key);
	put_be32(message, NFTA_SET_KEY_LEN, set->key_len);
	put_be32(message, NFTA_SET_ID, ++batch->set_count);
	if (set->key == NFT_KEY_NAME)
		mnl_attr_put(message, NFTA_SET_USERDATA, sizeof(host_order), host_order);
	if (!set->size)
		return;
	put_be32(message, NFTA_SET_FLAGS, NFT_SET_EVAL | NFT_SET_TIMEOUT);
	put_be64(message, NFTA_SET_TIMEOUT, set->timeout_s * 1000ULL);
	nest = mnl_attr_nest_start(message, NFTA_SET_DESC);
	put_be32(message, NFTA_SET_DESC_SIZE, set->size);
	mnl_attr_nest_end(message, nest);
}

void nft_put_chain(struct nft_batch *batch, const struct nft_chain_type *chain)
{
	struct nlmsghdr *message = nft_message(batch, NFT_MSG_NEWCHAIN, NLM_F_CREATE);
	struct nlattr *nest;

	mnl_attr_put_strz(message, NFTA_CHAIN_TABLE, batch->table);
	mnl_attr_put_strz(message, NFTA_CHAIN_NAME, chain->name);
	if (!chain->base)
		return;
	nest = mnl_attr_nest_start(message, NFTA_CHAIN_HOOK);
	put_be32(message, NFTA_HOOK_HOOKNUM, chain->hook);
	put_be32(message, NFTA_HOOK_PRIORITY, (uint32_t)chain->priority);
	mnl_attr_nest_end(message, nest);
	put_be32(message, NFTA_CHAIN_POLICY, chain->drop ? NF_DROP : NF_ACCEPT);
	mnl_attr_put_strz(message, NFTA_CHAIN_TYPE, "filter");
}

void nft_put_element(struct nft_batch *batch, const char *set, const void *key, size_t len)
{
	struct nlmsghdr *message = nft_message(batch, NFT_MSG_NEWSETELEM, NLM_F_CREATE);
	struct nlattr *list, *element;

	mnl_attr_put_strz(message, NFTA_SET_ELEM_LIST_TABLE, batch->table);
	mnl_attr_put_strz(message, NFTA_SET_ELEM_LIST_SET, set);
	list = mnl_attr_nest_start(message, NFTA_SET_ELEM_LIST_ELEMENTS);
	element = mnl_attr_nest_start(message, NFTA_LIST_ELEM);
	put_data(message, NFTA_SET_ELEM_KEY, key, len);
	mnl_attr_nest_end(message, element);
	mnl_attr_nest_end(message, list);
}

void nft_empty_set(struct nft_batch *batch, const char *set)
{
	struct nlmsghdr *message = nft_message(batch, NFT_MSG_DELSETELEM, 0);

	mnl_attr_put_strz(message, NFTA_SET_ELEM_LIST_TABLE, batch->table);
	mnl_attr_put_strz(message, NFTA_SET_ELEM_LIST_SET, set);
}

void nft_empty_chain(struct nft_batch *batch, const char *chain)
{
	struct nlmsghdr *message = nft_message(batch, NFT_MSG_DELRULE, 0);

	mnl_attr_put_strz(message, NFTA_RULE_TABLE, batch->table);
	mnl_attr_put_strz(message, NFTA_RULE_CHAIN, chain);
}

void nft_remove_chain(struct nft_batch *batch, const char *chain)
{
	struct nlmsghdr *message = nft_message(batch, NFT_MSG_DELCHAIN, 0);

	mnl_attr_put_strz(message, NFTA_CHAIN_TABLE, batch->table);
	mnl_attr_put_strz(message, NFTA_CHAIN_NAME, chain);
}

/* ---- rules ---- */

void nft_rule_begin(struct nft_batch *batch, const char *chain, const char *comment)
{
	struct nlmsghdr *message = nft_message(batch, NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND);
	size_t len = strlen(comment) + 1;
	uint8_t udata[NFT_UDATA_HEADER_LEN + NFT_COMMENT_LEN] = { NFT_UDATA_COMMENT, (uint8_t)len };

	assert(len <= NFT_COMMENT_LEN);
	memcpy(udata + NFT_UDATA_HEADER_LEN, comment, len);
	mnl_attr_put_strz(message, NFTA_RULE_TABLE, batch->table);
	mnl_attr_put_strz(message, NFTA_RULE_CHAIN, chain);
	if (len > 1)
		mnl_attr_put(message, NFTA_RULE_USERDATA, NFT_UDATA_HEADER_LEN + len, udata);
	batch->rule = mnl_attr_nest_start(message, NFTA_RULE_EXPRESSIONS);
}

void nft_rule_end(struct nft_batch *batch)
{
	mnl_attr_nest_end(batch->message, batch->rule);
}

struct expression {
	struct nlattr *element, *data;
};

static struct expression expression_begin(struct nft_batch *batch, uint16_t element, const char *name)
{
	struct expression expression = { .element = mnl_attr_nest_start(batch->message, element) };

	mnl_attr_put_strz(batch->message, NFTA_EXPR_NAME, name);
	expression.data = mnl_attr_nest_start(batch->message, NFTA_EXPR_DATA);
	return expression;
}

static void expression_end(struct nft_batch *batch, struct expression expression)
{
	mnl_attr_nest_end(batch->message, expression.data);
	mnl_attr_nest_end(batch->message, expression.element);
}

void nft_load_meta(struct nft_batch *batch, uint32_t key)
{
	struct expression meta = expression_begin(batch, NFTA_LIST_ELEM, "meta");

	put_be32(batch->message, NFTA_META_KEY, key);
	put_be32(batch->message, NFTA_META_DREG, NFT_REG_1);
	expression_end(batch, meta);
}

void nft_load_payload(struct nft_batch *batch, uint32_t base, uint32_t offset, uint32_t len)
{
	struct expression payload = expression_begin(batch, NFTA_LIST_ELEM, "payload");

	put_be32(batch->message, NFTA_PAYLOAD_DREG, NFT_REG_1);
	put_be32(batch->message, NFTA_PAYLOAD_BASE, base);
	put_be32(batch->message, NFTA_PAYLOAD_OFFSET, offset);
	put_be32(batch->message, NFTA_PAYLOAD_LEN, len);
	expression_end(batch, payload);
}

void nft_load_ct_state(struct nft_batch *batch)
{
	struct expression ct = expression_begin(batch, NFTA_LIST_ELEM, "ct");

	put_be32(batch->message, NFTA_CT_KEY, NFT_CT_STATE);
	put_be32(batch->message, NFTA_CT_DREG, NFT_REG_1);
	expression_end(batch, ct);
}

void nft_mask(struct nft_batch *batch, const void *mask, size_t len)
{
	static const uint8_t zeros[16];
	struct expression bitwise = expression_begin(batch, NFTA_LIST_ELEM, "bitwise");

	assert(len <= sizeof(zeros));
	put_be32(batch->message, NFTA_BITWISE_SREG, NFT_REG_1);
	put_be32(batch->message, NFTA_BITWISE_DREG, NFT_REG_1);
	put_be32(batch->message, NFTA_BITWISE_LEN, (uint32_t)len);
	put_data(batch->message, NFTA_BITWISE_MASK, mask, len);
	put_data(batch->message, NFTA_BITWISE_XOR, zeros, len);
	expression_end(batch, bitwise);
}

static void compare(struct nft_batch *batch, uint32_t op, const void *value, size_t len)
{
	struct expression cmp = expression_begin(batch, NFTA_LIST_ELEM, "cmp");

	put_be32(batch->message, NFTA_CMP_SREG, NFT_REG_1);
	put_be32(batch->message, NFTA_CMP_OP, op);
	put_data(batch->message, NFTA_CMP_DATA, value, len);
	expression_end(batch, cmp);
}

void nft_if_equal(struct nft_batch *batch, const void *value, size_t len)
{
	compare(batch, NFT_CMP_EQ, value, len);
}

void nft_if_any_bit(struct nft_batch *batch, uint32_t bits)
{
	static const uint32_t none;

	nft_mask(batch, &bits, sizeof(bits));
	compare(batch, NFT_CMP_NEQ, &none, sizeof(none));
}

void nft_if_in(struct nft_batch *batch, const char *set)
{
	struct expression lookup = expression_begin(batch, NFTA_LIST_ELEM, "lookup");

	mnl_attr_put_strz(batch->message, NFTA_LOOKUP_SET, set);
	put_be32(batch->message, NFTA_LOOKUP_SREG, NFT_REG_1);
	expression_end(batch, lookup);
}

static void put_limit(struct nft_batch *batch, uint16_t element, const struct nft_rate *rate, uint32_t flags)
{
	struct expression limit = expression_begin(batch, element, "limit");

	put_be64(batch->message, NFTA_LIMIT_RATE, rate->per_s);
	put_be64(batch->message, NFTA_LIMIT_UNIT, 1);
	put_be32(batch->message, NFTA_LIMIT_BURST, rate->burst);
	put_be32(batch->message, NFTA_LIMIT_TYPE, NFT_LIMIT_PKTS);
	put_be32(batch->message, NFTA_LIMIT_FLAGS, flags);
	expression_end(batch, limit);
}

void nft_if_within(struct nft_batch *batch, const struct nft_rate *rate)
{
	put_limit(batch, NFTA_LIST_ELEM, rate, 0);
}

/* rate NULL: none. */
static void update_set(struct nft_batch *batch, const char *set, const struct nft_rate *rate, uint32_t timeout_s)
{
	struct expression dynset = expression_begin(batch, NFTA_LIST_ELEM, "dynset");

	mnl_attr_put_strz(batch->message, NFTA_DYNSET_SET_NAME, set);
	put_be32(batch->message, NFTA_DYNSET_OP, NFT_DYNSET_OP_UPDATE);
	put_be32(batch->message, NFTA_DYNSET_SREG_KEY, NFT_REG_1);
	put_be64(batch->message, NFTA_DYNSET_TIMEOUT, timeout_s * 1000ULL);
	if (rate)
		put_limit(batch, NFTA_DYNSET_EXPR, rate, NFT_LIMIT_F_INV);
	expression_end(batch, dynset);
}

void nft_if_beyond_each(struct nft_batch *batch, const char *set, const struct nft_rate *rate, uint32_t timeout_s)
{
	update_set(batch, set, rate, timeout_s);
}

void nft_remember(struct nft_batch *batch, const char *set, uint32_t timeout_s)
{
	update_set(batch, set, NULL, timeout_s);
}

void nft_count(struct nft_batch *batch)
{
	expression_end(batch, expression_begin(batch, NFTA_LIST_ELEM, "counter"));
}

void nft_untrack(struct nft_batch *batch)
{
	expression_end(batch, expression_begin(batch, NFTA_LIST_ELEM, "notrack"));
}

static void decide(struct nft_batch *batch, int32_t verdict, const char *chain)
{
	struct expression immediate = expression_begin(batch, NFTA_LIST_ELEM, "immediate");
	struct nlattr *data, *code;

	put_be32(batch->message, NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT);
	data = mnl_attr_nest_start(batch->message, NFTA_IMMEDIATE_DATA);
	code = mnl_attr_nest_start(batch->message, NFTA_DATA_VERDICT);
	put_be32(batch->message, NFTA_VERDICT_CODE, (uint32_t)verdict);
	if (chain)
		mnl_attr_put_strz(batch->message, NFTA_VERDICT_CHAIN, chain);
	mnl_attr_nest_end(batch->message, code);
	mnl_attr_nest_end(batch->message, data);
	expression_end(batch, immediate);
}

void nft_accept(struct nft_batch *batch)
{
	decide(batch, NF_ACCEPT, NULL);
}

void nft_drop(struct nft_batch *batch)
{
	decide(batch, NF_DROP, NULL);
}

void nft_jump(struct nft_batch *batch, const char *chain)
{
	decide(batch, NFT_JUMP, chain);
}

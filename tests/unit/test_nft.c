/* netlink/nft.h as far as it needs no kernel: batches that are too long, and rules as the kernel tells of them. */
#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <string.h>

#include "netlink/nft.h"
#include "test.h"

static struct nl nl;

/* A rule that counts before its verdict; the counter's packets in len bytes. */
static struct nlmsghdr *put_rule(uint8_t *buf, const void *udata, size_t udata_len, size_t len)
{
	const struct nfgenmsg head = { .nfgen_family = NFPROTO_INET, .version = NFNETLINK_V0 };
	const uint64_t packets = htobe64(7), bytes = htobe64(420);
	struct nlmsghdr *message = mnl_nlmsg_put_header(buf);
	struct nlattr *list, *element, *data;

	message->nlmsg_type = NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWRULE;
	memcpy(mnl_nlmsg_put_extra_header(message, sizeof(head)), &head, sizeof(head));
	mnl_attr_put_strz(message, NFTA_RULE_CHAIN, "input");
	list = mnl_attr_nest_start(message, NFTA_RULE_EXPRESSIONS);
	element = mnl_attr_nest_start(message, NFTA_LIST_ELEM);
	mnl_attr_put_strz(message, NFTA_EXPR_NAME, "counter");
	data = mnl_attr_nest_start(message, NFTA_EXPR_DATA);
	mnl_attr_put_u64(message, NFTA_COUNTER_BYTES, bytes);
	mnl_attr_put(message, NFTA_COUNTER_PACKETS, len, &packets);
	mnl_attr_nest_end(message, data);
	mnl_attr_nest_end(message, element);
	mnl_attr_nest_end(message, list);
	mnl_attr_put(message, NFTA_RULE_USERDATA, udata_len, udata);
	return message;
}

TEST(nft_rule_has_its_comment_and_what_it_counted)
{
	_Alignas(8) uint8_t buf[1024];
	struct nft_rule rule;

	/* Something of a newer nft(8) stands before it. */
	CHECK_INT(nft_rule_read(put_rule(buf, "\7\2xy\0\6hello", 12, 8), &rule), 0);
	CHECK_STR(rule.comment, "hello");
	CHECK_INT(rule.packets, 7);
	CHECK_INT(rule.bytes, 420);
}

TEST(nft_comment_that_is_damaged_is_none)
{
	static const struct {
		const char *udata;
		size_t len;
	} damaged[] = { { "\0\7hello", 8 }, { "\0\5hello", 7 }, { "\0", 1 }, { "\0\0", 2 }, { "", 0 } };
	char longest[2 + NFT_COMMENT_LEN + 1] = { 0, NFT_COMMENT_LEN + 1 };
	_Alignas(8) uint8_t buf[1024];
	struct nft_rule rule;

	for (size_t i = 0; i < sizeof(damaged) / sizeof(damaged[0]); i++) {
		CHECK_INT(nft_rule_read(put_rule(buf, damaged[i].udata, damaged[i].len, 8), &rule), 0);
		CHECK_STR(rule.comment, "");
	}
	memset(longest + 2, 'a', NFT_COMMENT_LEN);
	CHECK_INT(nft_rule_read(put_rule(buf, longest, sizeof(longest), 8), &rule), 0);
	CHECK_STR(rule.comment, "");
}

TEST(nft_counter_of_another_size_is_refused)
{
	_Alignas(8) uint8_t buf[1024];
	struct nft_rule rule;

	CHECK_INT(nft_rule_read(put_rule(buf, "", 0, 4), &rule), -EBADMSG);
}

struct keys {
	unsigned count;
	uint8_t last[8];
};

static void key_came(const void *key, size_t len, void *arg)
{
	struct keys *keys = arg;

	keys->count++;
	if (len <= sizeof(keys->last))
		memcpy(keys->last, key, len);
}

TEST(nft_elements_are_read_each)
{
	const struct nfgenmsg head = { .nfgen_family = NFPROTO_INET, .version = NFNETLINK_V0 };
	struct keys keys = { 0 };
	uint8_t buf[512];
	struct nlmsghdr *message = mnl_nlmsg_put_header(buf);
	struct nlattr *list, *element, *key;

	message->nlmsg_type = NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWSETELEM;
	memcpy(mnl_nlmsg_put_extra_header(message, sizeof(head)), &head, sizeof(head));
	mnl_attr_put_strz(message, NFTA_SET_ELEM_LIST_SET, "ports");
	CHECK_INT(nft_elements_read(message, key_came, &keys), 0); /* an empty set */
	list = mnl_attr_nest_start(message, NFTA_SET_ELEM_LIST_ELEMENTS);
	for (uint16_t port = 1; port <= 2; port++) {
		element = mnl_attr_nest_start(message, NFTA_LIST_ELEM);
		key = mnl_attr_nest_start(message, NFTA_SET_ELEM_KEY);
		mnl_attr_put(message, NFTA_DATA_VALUE, sizeof(port), &port);
		mnl_attr_nest_end(message, key);
		mnl_attr_nest_end(message, element);
	}
	mnl_attr_nest_end(message, list);
	CHECK_INT(nft_elements_read(message, key_came, &keys), 0);
	CHECK_INT(keys.count, 2);
	CHECK_INT(keys.last[0], 2);
	list = mnl_attr_nest_start(message, NFTA_SET_ELEM_LIST_ELEMENTS);
	mnl_attr_nest_end(message, mnl_attr_nest_start(message, NFTA_LIST_ELEM)); /* an element without a key */
	mnl_attr_nest_end(message, list);
	CHECK_INT(nft_elements_read(message, key_came, &keys), -EBADMSG);
	message->nlmsg_type = NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWSET;
	CHECK_INT(nft_elements_read(message, key_came, &keys), -ENOMSG);
}

TEST(nft_message_of_another_kind_is_no_rule)
{
	_Alignas(8) uint8_t buf[1024];
	struct nlmsghdr *message = put_rule(buf, "", 0, 8);
	struct nft_rule rule;

	message->nlmsg_type = NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWCHAIN;
	CHECK_INT(nft_rule_read(message, &rule), -ENOMSG);
}

TEST(nft_batch_longer_than_there_is_room_is_not_sent)
{
	struct nft_batch batch;

	nft_begin(&batch, &nl, "t");
	for (int i = 0; i < 1000; i++)
		nft_put_element(&batch, "s", "abcd", 4);
	CHECK_INT(nft_commit(&batch), -EMSGSIZE);
}

TEST(nft_batch_of_nothing_is_done)
{
	struct nft_batch batch;

	nft_begin(&batch, &nl, "t");
	CHECK_INT(nft_commit(&batch), 0);
}

/* Bytes as one datagram of an answer, through all that netlink/ reads messages with. */
#include <stdlib.h>
#include <string.h>

#include "exact.h"
#include "netlink/answer.h"
#include "netlink/bond.h"
#include "netlink/ethtool.h"
#include "netlink/link.h"
#include "netlink/nft.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void take_route(const struct link_route *route, void *arg)
{
	char prefix[INET_PREFIX_STRLEN], gateway[INET_ADDR_STRLEN];

	(void)arg;
	(void)inet_prefix_text(&route->destination, prefix);
	(void)inet_addr_text(&route->gateway, gateway);
}

static int read_all(const struct nlmsghdr *message, void *arg)
{
	struct link link;
	struct link_address address;
	struct link_bond_port port;
	struct link_bond bond;
	static const char *const names[] = { "rx-gro", "tx-udp-segmentation" };
	struct ethtool_features features;
	struct ethtool_rings rings;
	struct ethtool_link ethernet;
	struct nft_rule rule;
	char text[INET_PREFIX_STRLEN];
	uint32_t index;

	(void)arg;
	(void)ethtool_features_read(message, names, 2, &features);
	(void)ethtool_rings_read(message, &rings);
	(void)ethtool_link_read(message, &ethernet);
	(void)link_bond_read(message, &bond);
	(void)link_bond_port_read(message, &port);
	(void)link_message_announces(message, &index);
	(void)link_message_index(message, &index);
	(void)link_route_read(message, take_route, NULL);
	if (!link_read(message, &link) && (!link.name[0] ? strlen(link.kind) : strlen(link.name)) >= IFNAMSIZ)
		abort();
	if (!nft_rule_read(message, &rule) && !memchr(rule.comment, '\0', sizeof(rule.comment)))
		abort();
	if (!link_address_read(message, &address))
		(void)inet_prefix_text(&address.prefix, text);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char words[NL_ERROR_LEN] = "";
	struct nl_answer answer = { .each = read_all, .error = words };
	struct nlmsghdr first;
	uint8_t *copy;

	if (len > NL_BUF_LEN)
		return 0;
	/* The answer is to the first message's request, else little would be read. */
	if (len >= sizeof(first)) {
		memcpy(&first, data, sizeof(first));
		answer.seq = first.nlmsg_seq;
		answer.port = first.nlmsg_pid;
	}
	copy = exact_copy(data, len); /* and an aligned one */
	nl_answer_feed(&answer, copy, len);
	(void)nl_each_message(copy, len, read_all, NULL);
	if (!memchr(words, '\0', sizeof(words)) || answer.result > 0)
		abort();
	free(copy);
	return 0;
}

#include "network/filter_inside.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter_ipv4.h>

#include "base/text.h"
#include "netlink/netns.h"
#include "network/filter.h"
#include "network/filter_rule.h"

enum { NTP_PORT = 123 };

#define INPUT "input"
#define FROM_TUNNEL "from-tunnel"
#define DEVICES "tunnel"
#define OPEN "open"
#define TIME "time"

static const struct nft_set_type sets[] = {
	{ .name = DEVICES, .key = NFT_KEY_NAME, .key_len = IFNAMSIZ },
	{ .name = OPEN, .key = NFT_KEY_PORT, .key_len = PORT_LEN },
	{ .name = TIME, .key = NFT_KEY_PORT, .key_len = PORT_LEN }, /* NTP's, or none */
};

static const struct nft_chain_type chains[] = {
	{ .name = FROM_TUNNEL },
	{ INPUT, NF_IP_PRI_FILTER, true, NF_INET_LOCAL_IN, false },
};

static const struct filter_rule input[] = {
	{ "", { COMES_BY_ONE_OF(DEVICES) }, 0, JUMP, FROM_TUNNEL },
};

static const struct filter_rule first[] = {
	{ "TCP to ports that .env opens", { PROTOCOL(IPPROTO_TCP), { .load = LOAD_TRANSPORT, .at = DESTINATION_PORT, .len = PORT_LEN, .set = OPEN } },
	  0, ACCEPT, NULL },
	{ "DROPPED: TCP connections to other ports", { PROTOCOL(IPPROTO_TCP), TCP_BEGINS }, 0, DROP, NULL },
	{ "UDP to NTP, which is served", { PROTOCOL(IPPROTO_UDP), { .load = LOAD_TRANSPORT, .at = DESTINATION_PORT, .len = PORT_LEN, .set = TIME } },
	  0, ACCEPT, NULL },
	/* By its flags and not by conntrack, which would not know of what began before the filter was put up, and let it stall. */
	{ "TCP of connections that began here", { PROTOCOL(IPPROTO_TCP) }, 0, ACCEPT, NULL },
};

static const struct filter_rule last[] = {
	{ "DROPPED: all else", { ALL }, 0, DROP, NULL },
};

#define PUT(batch, chain, rules) filter_rules_put(batch, chain, rules, sizeof(rules) / sizeof((rules)[0]))

static void put_rules(struct nft_batch *batch)
{
	filter_basics_put_sets(batch);
	for (size_t i = 0; i < sizeof(chains) / sizeof(chains[0]); i++)
		nft_put_chain(batch, &chains[i]);
	PUT(batch, INPUT, input);
	PUT(batch, FROM_TUNNEL, first);
	filter_basics_put(batch, FROM_TUNNEL);
	PUT(batch, FROM_TUNNEL, last);
}

static int open_here(void *arg)
{
	return nl_open(arg, NETLINK_NETFILTER);
}

int filter_inside_put(const struct filter_inside *wanted)
{
	static struct nl nl;
	char device[IFNAMSIZ] = "";
	struct nft_batch batch;
	int err = netns_call(wanted->netns_fd, open_here, &nl), stands;

	if (err < 0)
		return err;
	text_format(device, sizeof(device), "%s", wanted->device);
	stands = nft_has_chain(&nl, FILTER_TABLE, INPUT);
	nft_begin(&batch, &nl, FILTER_TABLE);
	nft_put_table(&batch);
	for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++) {
		nft_put_set(&batch, &sets[i]);
		nft_empty_set(&batch, sets[i].name);
	}
	nft_put_element(&batch, DEVICES, device, sizeof(device));
	for (size_t i = 0; i < wanted->port_count; i++) {
		uint16_t port_be = htons(wanted->ports[i]);

		nft_put_element(&batch, OPEN, &port_be, sizeof(port_be));
	}
	if (wanted->serves_time) {
		const uint16_t port_be = htons(NTP_PORT);

		nft_put_element(&batch, TIME, &port_be, sizeof(port_be));
	}
	if (stands < 0)
		put_rules(&batch);
	err = nft_commit(&batch);
	nl_close(&nl);
	return err < 0 ? err : stands < 0;
}

int filter_inside_remove(int netns_fd)
{
	static struct nl nl;
	struct nft_batch batch;
	int err = netns_call(netns_fd, open_here, &nl);

	if (err < 0)
		return err == -EPROTONOSUPPORT ? 0 : err;
	nft_begin(&batch, &nl, FILTER_TABLE);
	nft_remove_table(&batch);
	err = nft_commit(&batch);
	nl_close(&nl);
	return err == -ENOENT || err == -EOPNOTSUPP ? 0 : err;
}

bool filter_inside_stands(int netns_fd)
{
	static struct nl nl;
	bool stands = netns_call(netns_fd, open_here, &nl) >= 0 && nft_has_chain(&nl, FILTER_TABLE, FROM_TUNNEL) == 0;

	nl_close(&nl);
	return stands;
}

int filter_inside_each(int netns_fd, void (*each)(const struct nft_rule *rule, void *arg), void *arg)
{
	static struct nl nl;
	int err = netns_call(netns_fd, open_here, &nl);

	if (err < 0)
		return err;
	err = nft_rules_each(&nl, FILTER_TABLE, FROM_TUNNEL, each, arg);
	nl_close(&nl);
	return err;
}

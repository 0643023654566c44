#include "network/filter.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter_ipv4.h>
#include <netinet/icmp6.h>
#include <netinet/ip_icmp.h>
#include <string.h>

#include "base/paths.h"
#include "base/text.h"
#include "network/filter_rule.h"

/* Of each family. INITIATORS_MAX: 1 MiB; sources beyond it WireGuard itself bounds, by cookies. */
enum { INITIATORS_MAX = 4096, SHAKEN_MAX = 4096 };

/* What paths fill, each its own. */
static const struct nft_set_type path_sets[] = {
	{ .name = NAME_MANAGEMENT FILTER_PORT_SET, .key = NFT_KEY_PORT, .key_len = PORT_LEN },
	{ .name = NAME_DATAPLANE FILTER_PORT_SET, .key = NFT_KEY_PORT, .key_len = PORT_LEN },
	{ .name = NAME_MANAGEMENT FILTER_DEVICE_SET, .key = NFT_KEY_NAME, .key_len = IFNAMSIZ },
	{ .name = NAME_DATAPLANE FILTER_DEVICE_SET, .key = NFT_KEY_NAME, .key_len = IFNAMSIZ },
};

/* What the NICs' service fills: where an address is asked for. */
#define DHCP4_SET "dhcpv4"
#define DHCP6_SET "dhcpv6"

static const struct nft_set_type dhcp_sets[] = {
	{ .name = DHCP4_SET, .key = NFT_KEY_NAME, .key_len = IFNAMSIZ },
	{ .name = DHCP6_SET, .key = NFT_KEY_NAME, .key_len = IFNAMSIZ },
};

#define INITIATORS4 "initiators4"
#define INITIATORS6 "initiators6"

/* Where we sent an initiation or a response: to a peer, as no one else's is answered. A flood in the name of such an address is
 * WireGuard's to bound, by cookies, which tell who wrote from there from who did not; counted here, it would shut the peer out. */
#define SHAKEN4 "shaken4"
#define SHAKEN6 "shaken6"

static const struct nft_set_type source_sets[] = {
	{ INITIATORS4, NFT_KEY_IPV4, 4, INITIATORS_MAX, FILTER_INITIATORS_S },
	{ INITIATORS6, NFT_KEY_IPV6, 16, INITIATORS_MAX, FILTER_INITIATORS_S },
	{ SHAKEN4, NFT_KEY_IPV4, 4, SHAKEN_MAX, FILTER_SHAKEN_S },
	{ SHAKEN6, NFT_KEY_IPV6, 16, SHAKEN_MAX, FILTER_SHAKEN_S },
};

#define INPUT "input"
#define PATHS "paths"
#define UNTRACKED "untracked"
#define UNTRACKED_OUT "untracked-out"
#define SHAKEN "shaken"

static const struct nft_chain_type chains[] = {
	{ .name = PATHS },
	{ .name = SHAKEN },
	{ UNTRACKED, NF_IP_PRI_RAW, true, NF_INET_PRE_ROUTING, false },
	{ UNTRACKED_OUT, NF_IP_PRI_RAW, true, NF_INET_LOCAL_OUT, false },
	{ INPUT, NF_IP_PRI_FILTER, true, NF_INET_LOCAL_IN, true },
};

/* Conntrack costs each packet of the tunnels a look-up, and each of a flood an entry: it follows only what this host asks of
 * others. */
static const struct filter_rule untracked[] = {
	{ "", { PROTOCOL(IPPROTO_UDP), PORT_OF(DESTINATION_PORT, NAME_DATAPLANE) }, 0, UNTRACK, NULL },
	{ "", { PROTOCOL(IPPROTO_UDP), PORT_OF(DESTINATION_PORT, NAME_MANAGEMENT) }, 0, UNTRACK, NULL },
	{ "", { COMES_BY_ONE_OF(NAME_DATAPLANE FILTER_DEVICE_SET) }, 0, UNTRACK, NULL },
	{ "", { COMES_BY_LOOPBACK }, 0, UNTRACK, NULL },
	{ "", { PROTOCOL(IPPROTO_TCP), TCP_BEGINS }, 0, UNTRACK, NULL },
	{ "", { PROTOCOL(IPPROTO_ICMP), TYPE(ICMP_ECHO) }, 0, UNTRACK, NULL },
	{ "", { PROTOCOL(IPPROTO_ICMPV6), TYPE(ICMP6_ECHO_REQUEST) }, 0, UNTRACK, NULL },
};

static const struct filter_rule untracked_out[] = {
	{ "", { PROTOCOL(IPPROTO_UDP), PORT_OF(SOURCE_PORT, NAME_DATAPLANE) }, 0, UNTRACK, NULL },
	{ "", { PROTOCOL(IPPROTO_UDP), PORT_OF(SOURCE_PORT, NAME_MANAGEMENT) }, 0, UNTRACK, NULL },
	{ "", { LEAVES_BY_ONE_OF(NAME_DATAPLANE FILTER_DEVICE_SET) }, 0, UNTRACK, NULL },
	{ "", { LEAVES_BY_LOOPBACK }, 0, UNTRACK, NULL },
	{ "", { PROTOCOL(IPPROTO_UDP), PORT_OF(SOURCE_PORT, NAME_DATAPLANE) }, 0, JUMP, SHAKEN },
	{ "", { PROTOCOL(IPPROTO_UDP), PORT_OF(SOURCE_PORT, NAME_MANAGEMENT) }, 0, JUMP, SHAKEN },
};

#define REMEMBER4 { .load = LOAD_NETWORK, .at = IPV4_DESTINATION, .len = 4, .remember = SHAKEN4 }
#define REMEMBER6 { .load = LOAD_NETWORK, .at = IPV6_DESTINATION, .len = 16, .remember = SHAKEN6, .network = true }

static const struct filter_rule shaken[] = {
	{ "", { SESSION }, 0, ACCEPT, NULL },
	{ "", { INITIATION, FAMILY(NFPROTO_IPV4), REMEMBER4 }, 0, ACCEPT, NULL },
	{ "", { RESPONSE, FAMILY(NFPROTO_IPV4), REMEMBER4 }, 0, ACCEPT, NULL },
	{ "", { INITIATION, FAMILY(NFPROTO_IPV6), REMEMBER6 }, 0, ACCEPT, NULL },
	{ "", { RESPONSE, FAMILY(NFPROTO_IPV6), REMEMBER6 }, 0, ACCEPT, NULL },
};

static const struct filter_rule of_paths[] = {
	{ "initiations of an IPv4 address that has shaken hands",
	  { INITIATION, FAMILY(NFPROTO_IPV4), { .load = LOAD_NETWORK, .at = IPV4_SOURCE, .len = 4, .set = SHAKEN4 } }, 0, ACCEPT, NULL },
	{ "initiations of an IPv6 /64 that has shaken hands",
	  { INITIATION, FAMILY(NFPROTO_IPV6), { .load = LOAD_NETWORK, .at = IPV6_SOURCE, .len = 16, .set = SHAKEN6, .network = true } }, 0,
	  ACCEPT, NULL },
	{ "DROPPED: initiations of one IPv4 address, beyond 50 a second",
	  { INITIATION, FAMILY(NFPROTO_IPV4), { .load = LOAD_NETWORK, .at = IPV4_SOURCE, .len = 4, .each = INITIATORS4 } }, 0, DROP, NULL },
	{ "DROPPED: initiations of one IPv6 /64, beyond 50 a second",
	  { INITIATION, FAMILY(NFPROTO_IPV6), { .load = LOAD_NETWORK, .at = IPV6_SOURCE, .len = 16, .each = INITIATORS6, .network = true } }, 0, DROP, NULL },
	{ "", { ALL }, 0, ACCEPT, NULL },
};

static const struct filter_rule input_first[] = {
	{ "UDP to the dataplane's port", { PROTOCOL(IPPROTO_UDP), PORT_OF(DESTINATION_PORT, NAME_DATAPLANE) }, 0, JUMP, PATHS },
	{ "UDP to the management path's port", { PROTOCOL(IPPROTO_UDP), PORT_OF(DESTINATION_PORT, NAME_MANAGEMENT) }, 0, JUMP, PATHS },
	/* Only a peer's packets come out of it, and whoever writes to its addresses by another way is fenced off before. */
	{ "what comes out of the dataplane's tunnel on this host", { COMES_BY_ONE_OF(NAME_DATAPLANE FILTER_DEVICE_SET) }, 0, ACCEPT, NULL },
};

static const struct filter_rule input_last[] = {
	/* The answer to a broadcast is from an address that was not asked. */
	{ "DHCP answers, to NICs with DHCP=ipv4 or yes",
	  { COMES_BY_ONE_OF(DHCP4_SET), FAMILY(NFPROTO_IPV4), PROTOCOL(IPPROTO_UDP), PORT(SOURCE_PORT, 67), PORT(DESTINATION_PORT, 68) }, 0,
	  ACCEPT, NULL },
	{ "DHCPv6 answers, to NICs with DHCP=ipv6 or yes",
	  { COMES_BY_ONE_OF(DHCP6_SET), FAMILY(NFPROTO_IPV6), PROTOCOL(IPPROTO_UDP), PORT(SOURCE_PORT, 547), PORT(DESTINATION_PORT, 546) }, 0,
	  ACCEPT, NULL },
	{ "DROPPED: all else", { ALL }, 0, DROP, NULL },
};

#define PUT(batch, chain, rules) filter_rules_put(batch, chain, rules, sizeof(rules) / sizeof((rules)[0]))

/* ---- the door ---- */

static void put_sets(struct nft_batch *batch)
{
	nft_put_table(batch);
	for (size_t i = 0; i < sizeof(path_sets) / sizeof(path_sets[0]); i++)
		nft_put_set(batch, &path_sets[i]);
	for (size_t i = 0; i < sizeof(dhcp_sets) / sizeof(dhcp_sets[0]); i++)
		nft_put_set(batch, &dhcp_sets[i]);
}

int filter_prepare(struct nl *nl)
{
	struct nft_batch batch;

	nft_begin(&batch, nl, FILTER_TABLE);
	put_sets(&batch);
	return nft_commit(&batch);
}

int filter_stands(struct nl *nl)
{
	int err = nft_has_chain(nl, FILTER_TABLE, INPUT);

	return err == -ENOENT ? 0 : err < 0 ? err : 1;
}

int filter_put(struct nl *nl)
{
	struct nft_batch batch;

	nft_begin(&batch, nl, FILTER_TABLE);
	put_sets(&batch);
	for (size_t i = 0; i < sizeof(source_sets) / sizeof(source_sets[0]); i++)
		nft_put_set(&batch, &source_sets[i]);
	filter_basics_put_sets(&batch);
	for (size_t i = 0; i < sizeof(chains) / sizeof(chains[0]); i++) {
		nft_put_chain(&batch, &chains[i]);
		nft_empty_chain(&batch, chains[i].name);
	}
	PUT(&batch, UNTRACKED, untracked);
	PUT(&batch, SHAKEN, shaken);
	PUT(&batch, UNTRACKED_OUT, untracked_out);
	PUT(&batch, PATHS, of_paths);
	PUT(&batch, INPUT, input_first);
	filter_basics_put(&batch, INPUT);
	PUT(&batch, INPUT, input_last);
	return nft_commit(&batch);
}

int filter_dhcp(struct nl *nl, const struct filter_nic *nics, size_t count)
{
	struct nft_batch batch;

	nft_begin(&batch, nl, FILTER_TABLE);
	nft_empty_set(&batch, DHCP4_SET);
	nft_empty_set(&batch, DHCP6_SET);
	for (size_t i = 0; i < count; i++) {
		if (nics[i].dhcp4)
			nft_put_element(&batch, DHCP4_SET, nics[i].name, sizeof(nics[i].name));
		if (nics[i].dhcp6)
			nft_put_element(&batch, DHCP6_SET, nics[i].name, sizeof(nics[i].name));
	}
	return nft_commit(&batch);
}

int filter_remove(struct nl *nl)
{
	struct nft_batch batch;

	nft_begin(&batch, nl, FILTER_TABLE);
	for (size_t i = 0; i < sizeof(chains) / sizeof(chains[0]); i++)
		nft_empty_chain(&batch, chains[i].name);
	for (size_t i = 0; i < sizeof(chains) / sizeof(chains[0]); i++)
		nft_remove_chain(&batch, chains[i].name);
	return nft_commit(&batch);
}

static bool is_absent(int err)
{
	return err == -EPROTONOSUPPORT || err == -EOPNOTSUPP;
}

const char *filter_why(int err, const struct nl *nl)
{
	static char text[NL_ERROR_LEN + 64];

	if (is_absent(err))
		return "this kernel has no nf_tables";
	text_format(text, sizeof(text), "nf_tables: %s%s%s", strerror(-err), nl->error[0] ? ": " : "", nl->error);
	return text;
}

struct counted {
	void (*each)(const struct nft_rule *rule, void *arg);
	void *arg;
};

static void rule_seen(const struct nft_rule *rule, void *arg)
{
	const struct counted *counted = arg;

	if (rule->comment[0])
		counted->each(rule, counted->arg);
}

int filter_each(struct nl *nl, void (*each)(const struct nft_rule *rule, void *arg), void *arg)
{
	struct counted counted = { each, arg };
	int err = nft_rules_each(nl, FILTER_TABLE, PATHS, rule_seen, &counted);

	return err < 0 ? err : nft_rules_each(nl, FILTER_TABLE, INPUT, rule_seen, &counted);
}

/* ---- what a path lets in ---- */

static void let_in(struct nft_batch *batch, const char *path, const char *kind, const void *key, size_t len, bool alone)
{
	char set[NFT_COMMENT_LEN];

	text_format(set, sizeof(set), "%s%s", path, kind);
	if (alone)
		nft_empty_set(batch, set);
	if (len)
		nft_put_element(batch, set, key, len);
}

struct held {
	const void *key;
	size_t len;
	bool wanted, others; /* it holds key; it holds something else */
};

static void element_seen(const void *key, size_t len, void *arg)
{
	struct held *held = arg;

	if (held->len && len == held->len && !memcmp(key, held->key, len))
		held->wanted = true;
	else
		held->others = true;
}

/* 1: the set is as let_in would make it, 0: it is not, or -errno. */
static int holds(struct nl *nl, const char *path, const char *kind, const void *key, size_t len, bool alone)
{
	struct held held = { .key = key, .len = len };
	char set[NFT_COMMENT_LEN];
	int err;

	text_format(set, sizeof(set), "%s%s", path, kind);
	err = nft_elements_each(nl, FILTER_TABLE, set, element_seen, &held);
	return err < 0 ? err : held.wanted == (len != 0) && !(alone && held.others);
}

/* A batch is written when it changes something: packets of the path wait while the kernel ends it. */
int filter_let_in(const char *path, uint16_t port, const char *device, bool alone)
{
	static struct nl nl;
	struct nft_batch batch;
	uint16_t port_be = htons(port);
	char name[IFNAMSIZ] = "";
	size_t port_len = port ? sizeof(port_be) : 0, name_len;
	int err = nl_open(&nl, NETLINK_NETFILTER);

	if (err < 0)
		return err == -EPROTONOSUPPORT ? 0 : err;
	text_format(name, sizeof(name), "%s", device);
	name_len = name[0] ? sizeof(name) : 0;
	err = holds(&nl, path, FILTER_PORT_SET, &port_be, port_len, alone);
	if (err > 0)
		err = holds(&nl, path, FILTER_DEVICE_SET, name, name_len, alone);
	if (!err) {
		nft_begin(&batch, &nl, FILTER_TABLE);
		let_in(&batch, path, FILTER_PORT_SET, &port_be, port_len, alone);
		let_in(&batch, path, FILTER_DEVICE_SET, name, name_len, alone);
		err = nft_commit(&batch);
	}
	nl_close(&nl);
	/* No such set: no one keeps a filter here. */
	return err == -ENOENT || is_absent(err) ? 0 : err < 0 ? err : 1;
}

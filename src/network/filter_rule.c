#include "network/filter_rule.h"

#include <linux/netfilter/nf_conntrack_common.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>

enum { ECHO_PER_S = 1000 };

/* ---- one row ---- */

static void put_load(struct nft_batch *batch, const struct filter_match *match)
{
	switch (match->load) {
	case LOAD_META:
		nft_load_meta(batch, match->at);
		break;
	case LOAD_NETWORK:
		nft_load_payload(batch, NFT_PAYLOAD_NETWORK_HEADER, match->at, match->len);
		break;
	case LOAD_TRANSPORT:
		nft_load_payload(batch, NFT_PAYLOAD_TRANSPORT_HEADER, match->at, match->len);
		break;
	case LOAD_STATE:
		nft_load_ct_state(batch);
		break;
	case LOAD_NOTHING:
		break;
	}
}

static void put_match(struct nft_batch *batch, const struct filter_match *match)
{
	static const uint8_t half[16] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
	static const struct nft_rate rate = { FILTER_INITIATIONS_PER_S, 4 * FILTER_INITIATIONS_PER_S };
	const uint32_t answers = NF_CT_STATE_BIT(IP_CT_ESTABLISHED) | NF_CT_STATE_BIT(IP_CT_RELATED);

	put_load(batch, match);
	if (match->load == LOAD_STATE) {
		nft_if_any_bit(batch, answers);
		return;
	}
	if (match->network)
		nft_mask(batch, half, sizeof(half));
	if (match->each) {
		nft_if_beyond_each(batch, match->each, &rate, FILTER_INITIATORS_S);
	} else if (match->remember) {
		nft_remember(batch, match->remember, FILTER_SHAKEN_S);
	} else if (match->set) {
		nft_if_in(batch, match->set);
	} else if (match->load != LOAD_NOTHING) {
		if (match->mask)
			nft_mask(batch, &match->mask, 1);
		nft_if_equal(batch, match->value, match->len);
	}
}

static void put_rule(struct nft_batch *batch, const char *chain, const struct filter_rule *rule)
{
	const struct nft_rate rate = { rule->most_per_s, rule->most_per_s };

	nft_rule_begin(batch, chain, rule->comment);
	for (size_t i = 0; i < FILTER_MATCHES_MAX; i++)
		put_match(batch, &rule->matches[i]);
	if (rate.per_s)
		nft_if_within(batch, &rate);
	if (rule->comment[0])
		nft_count(batch);
	switch (rule->verdict) {
	case ACCEPT:
		nft_accept(batch);
		break;
	case DROP:
		nft_drop(batch);
		break;
	case UNTRACK:
		nft_untrack(batch);
		break;
	case JUMP:
		nft_jump(batch, rule->to);
		break;
	}
	nft_rule_end(batch);
}

void filter_rules_put(struct nft_batch *batch, const char *chain, const struct filter_rule *rules, size_t count)
{
	for (size_t i = 0; i < count; i++)
		put_rule(batch, chain, &rules[i]);
}

/* ---- the rows that every filter has ---- */

/* Types of ICMP messages, as RFC 4890 section 4.4 sorts those of IPv6 that are for the host itself. */
#define ICMP_ERRORS "icmp-errors"
#define ICMP6_ERRORS "icmpv6-errors"
#define DISCOVERY "discovery"
#define LISTENERS "listeners"

enum { TYPES_MAX = 8, INVERSE_SOLICITATION = 141, INVERSE_ADVERTISEMENT = 142, MLD2_REPORT = 143, ROUTER_LISTENERS = 151 };

static const struct type_set {
	struct nft_set_type set;
	uint8_t types[TYPES_MAX]; /* 0 ends them: an echo reply of IPv4 is in none */
} type_sets[] = {
	{ { .name = ICMP_ERRORS, .key = NFT_KEY_ICMP, .key_len = 1 }, { ICMP_UNREACH, ICMP_TIMXCEED, ICMP_PARAMPROB } },
	{ { .name = ICMP6_ERRORS, .key = NFT_KEY_ICMPV6, .key_len = 1 },
	  { ICMP6_DST_UNREACH, ICMP6_PACKET_TOO_BIG, ICMP6_TIME_EXCEEDED, ICMP6_PARAM_PROB } },
	/* Redirects are not among them: the image takes none. */
	{ { .name = DISCOVERY, .key = NFT_KEY_ICMPV6, .key_len = 1 },
	  { ND_ROUTER_SOLICIT, ND_ROUTER_ADVERT, ND_NEIGHBOR_SOLICIT, ND_NEIGHBOR_ADVERT, INVERSE_SOLICITATION,
	    INVERSE_ADVERTISEMENT } },
	{ { .name = LISTENERS, .key = NFT_KEY_ICMPV6, .key_len = 1 },
	  { MLD_LISTENER_QUERY, MLD_LISTENER_REPORT, MLD_LISTENER_REDUCTION, MLD2_REPORT, ROUTER_LISTENERS, ROUTER_LISTENERS + 1,
	    ROUTER_LISTENERS + 2 } },
};

static const struct filter_rule basics[] = {
	{ "this host to itself", { COMES_BY_LOOPBACK }, 0, ACCEPT, NULL },
	{ "answers to what this host asked", { ANSWER }, 0, ACCEPT, NULL },
	{ "ICMP errors", { PROTOCOL(IPPROTO_ICMP), TYPE_OF(ICMP_ERRORS) }, 0, ACCEPT, NULL },
	{ "ICMP echo requests, 1000 a second", { PROTOCOL(IPPROTO_ICMP), TYPE(ICMP_ECHO) }, ECHO_PER_S, ACCEPT, NULL },
	{ "ICMPv6 errors", { PROTOCOL(IPPROTO_ICMPV6), TYPE_OF(ICMP6_ERRORS) }, 0, ACCEPT, NULL },
	{ "ICMPv6 echo requests, 1000 a second", { PROTOCOL(IPPROTO_ICMPV6), TYPE(ICMP6_ECHO_REQUEST) }, ECHO_PER_S, ACCEPT, NULL },
	/* Neither has come over a router. */
	{ "neighbour and router discovery",
	  { FAMILY(NFPROTO_IPV6), PROTOCOL(IPPROTO_ICMPV6), TYPE_OF(DISCOVERY), HOP_LIMIT(255) }, 0, ACCEPT, NULL },
	{ "multicast listener discovery",
	  { FAMILY(NFPROTO_IPV6), PROTOCOL(IPPROTO_ICMPV6), TYPE_OF(LISTENERS), HOP_LIMIT(1) }, 0, ACCEPT, NULL },
};

void filter_basics_put_sets(struct nft_batch *batch)
{
	for (size_t i = 0; i < sizeof(type_sets) / sizeof(type_sets[0]); i++) {
		nft_put_set(batch, &type_sets[i].set);
		for (size_t j = 0; j < TYPES_MAX && type_sets[i].types[j]; j++)
			nft_put_element(batch, type_sets[i].set.name, &type_sets[i].types[j], 1);
	}
}

void filter_basics_put(struct nft_batch *batch, const char *chain)
{
	filter_rules_put(batch, chain, basics, sizeof(basics) / sizeof(basics[0]));
}

/* The rules of a packet filter as rows: what a packet is to be, and what becomes of it then. */
#ifndef NETWORK_FILTER_RULE_H
#define NETWORK_FILTER_RULE_H

#include <net/if.h>
#include <netinet/in.h> /* before linux/in.h, which yields to it */

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

#include "netlink/nft.h"

enum filter_load { LOAD_NOTHING, LOAD_META, LOAD_NETWORK, LOAD_TRANSPORT, LOAD_STATE };
enum filter_verdict { ACCEPT, DROP, UNTRACK, JUMP };

/* Of one IPv4 address or one IPv6 /64; a peer sends one in five seconds, and many may share an address behind a NAT. */
enum { FILTER_INITIATIONS_PER_S = 50, FILTER_INITIATORS_S = 10, FILTER_SHAKEN_S = 3600 };

/* Where RFC 768, 793, 791 and 8200 have it. */
enum {
	PORT_LEN = 2,
	SOURCE_PORT = 0,
	DESTINATION_PORT = 2,
	UDP_PAYLOAD = 8,
	TCP_FLAGS = 13,
	TCP_SYN = 0x02,
	TCP_ACK = 0x10,
	IPV4_SOURCE = 12,
	IPV4_DESTINATION = 16,
	IPV6_SOURCE = 8,
	IPV6_DESTINATION = 24,
	IPV6_HOP_LIMIT = 7,
};

enum { FILTER_MATCHES_MAX = 5 };

struct filter_match {
	enum filter_load load;
	uint32_t at; /* a key of meta, or the offset */
	uint8_t len;
	uint8_t mask; /* of a value of one byte; 0: all of it */
	uint8_t value[IFNAMSIZ];
	const char *set;  /* of which it is to be one, in place of the value */
	const char *each; /* which holds the rate of each initiator, beyond which it is to be */
	const char *remember; /* which has it for FILTER_SHAKEN_S from then on */
	bool network;     /* of an IPv6 address the /64 */
};

struct filter_rule {
	const char *comment; /* "": it counts nothing */
	struct filter_match matches[FILTER_MATCHES_MAX];
	uint32_t most_per_s; /* 0: as many as there are */
	enum filter_verdict verdict;
	const char *to; /* the chain of a jump */
};

#define COMES_BY_LOOPBACK { .load = LOAD_META, .at = NFT_META_IIFNAME, .len = IFNAMSIZ, .value = "lo" }
#define COMES_BY_ONE_OF(set_name) { .load = LOAD_META, .at = NFT_META_IIFNAME, .len = IFNAMSIZ, .set = (set_name) }
#define LEAVES_BY_LOOPBACK { .load = LOAD_META, .at = NFT_META_OIFNAME, .len = IFNAMSIZ, .value = "lo" }
#define LEAVES_BY_ONE_OF(set_name) { .load = LOAD_META, .at = NFT_META_OIFNAME, .len = IFNAMSIZ, .set = (set_name) }
#define FAMILY(family) { .load = LOAD_META, .at = NFT_META_NFPROTO, .len = 1, .value = { family } }
#define PROTOCOL(protocol) { .load = LOAD_META, .at = NFT_META_L4PROTO, .len = 1, .value = { protocol } }
#define PORT(offset, port) { .load = LOAD_TRANSPORT, .at = (offset), .len = PORT_LEN, .value = { (port) >> 8, (port) & 0xff } }
#define PORT_OF(offset, path) { .load = LOAD_TRANSPORT, .at = (offset), .len = PORT_LEN, .set = path FILTER_PORT_SET }
#define TYPE(type) { .load = LOAD_TRANSPORT, .at = 0, .len = 1, .value = { type } }
#define TYPE_OF(set_name) { .load = LOAD_TRANSPORT, .at = 0, .len = 1, .set = (set_name) }
#define HOP_LIMIT(hops) { .load = LOAD_NETWORK, .at = IPV6_HOP_LIMIT, .len = 1, .value = { hops } }
/* Of the four kinds of WireGuard's messages, little-endian. */
#define INITIATION { .load = LOAD_TRANSPORT, .at = UDP_PAYLOAD, .len = 4, .value = { 1 } }
#define RESPONSE { .load = LOAD_TRANSPORT, .at = UDP_PAYLOAD, .len = 4, .value = { 2 } }
#define SESSION { .load = LOAD_TRANSPORT, .at = UDP_PAYLOAD, .len = 4, .value = { 4 } }
#define TCP_BEGINS \
	{ .load = LOAD_TRANSPORT, .at = TCP_FLAGS, .len = 1, .mask = TCP_SYN | TCP_ACK, .value = { TCP_SYN } }
#define ANSWER { .load = LOAD_STATE }
#define ALL { .load = LOAD_NOTHING }

/* What a path fills, behind its name. */
#define FILTER_PORT_SET "-port"
#define FILTER_DEVICE_SET "-device"

void filter_rules_put(struct nft_batch *batch, const char *chain, const struct filter_rule *rules, size_t count);

/* A host to itself, answers, and what keeps a network going: the same wherever there is a filter. The sets first. */
void filter_basics_put_sets(struct nft_batch *batch);
void filter_basics_put(struct nft_batch *batch, const char *chain);

#endif

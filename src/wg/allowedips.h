/* Allowed IPs: which peer a prefix belongs to, longest prefix first; a path-compressed bit trie per family. */
#ifndef WG_ALLOWEDIPS_H
#define WG_ALLOWEDIPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/inet.h"

enum { ALLOWED_NONE = 0xffff }; /* no node, no peer */

/* An address as two numbers, IPv4 in the upper bits of the first: families do not mix, so the trie is blind to them. */
struct allowed_key {
	uint64_t high, low;
};

struct allowed_node {
	struct allowed_key key; /* bits behind len are zero */
	uint16_t child[2];
	uint16_t peer;       /* ALLOWED_NONE: a mere fork, which has two children */
	uint16_t next, prev; /* among the peer's; next also links free nodes */
	uint8_t len;
	uint8_t is_ipv6;
};

struct allowed_list {
	uint16_t first;
	uint16_t count;
};

struct allowedips {
	struct allowed_node *nodes; /* borrowed from the arena: two per prefix */
	struct allowed_list *lists; /* the same: one per peer */
	size_t prefix_count, prefix_max;
	uint16_t node_top; /* nodes from here on were never used */
	uint16_t free;
	uint16_t root[2]; /* IPv4, IPv6 */
};

void allowedips_init(struct allowedips *allowed, struct allowed_node *nodes, struct allowed_list *lists,
		     size_t prefix_max);
void allowedips_add_peer(struct allowedips *allowed, uint16_t peer);
bool allowedips_prefix_is_valid(const struct inet_prefix *prefix);
/* What of prefixes (valid ones) is not in the trie, plus what is but would go when the peer's own are replaced. peer
 * may be ALLOWED_NONE. */
size_t allowedips_needed(const struct allowedips *allowed, uint16_t peer, bool replace,
			 const struct inet_prefix *prefixes, size_t count);
/* Of a valid prefix, with room made sure: takes it away from another peer. */
void allowedips_insert(struct allowedips *allowed, const struct inet_prefix *prefix, uint16_t peer);
void allowedips_remove_peer(struct allowedips *allowed, uint16_t peer);
/* ALLOWED_NONE: no one. addr is 4 or 16 bytes, straight from a packet. */
uint16_t allowedips_find(const struct allowedips *allowed, bool is_ipv6, const uint8_t *addr);
/* The prefixes of a peer one by one. *node is ALLOWED_NONE at first; false behind the last. */
bool allowedips_next(const struct allowedips *allowed, uint16_t peer, uint16_t *node, struct inet_prefix *prefix);

#endif

#include "wg/allowedips.h"

#include "base/bytes.h"

static struct allowed_key key_of(bool is_ipv6, const uint8_t *addr)
{
	if (is_ipv6)
		return (struct allowed_key){ load_be64(addr), load_be64(addr + 8) };
	return (struct allowed_key){ (uint64_t)load_be32(addr) << 32, 0 };
}

/* The first len of 64 bits. */
static uint64_t mask(unsigned len)
{
	return len ? UINT64_MAX << (64 - len) : 0;
}

static struct allowed_key cut(struct allowed_key key, unsigned len)
{
	key.high &= mask(len < 64 ? len : 64);
	key.low &= mask(len < 64 ? 0 : len - 64);
	return key;
}

/* Bit number at, counted from the top; at < 128. */
static unsigned bit(const struct allowed_key *key, unsigned at)
{
	return (unsigned)((at < 64 ? key->high : key->low) >> (63 - at % 64) & 1);
}

/* How many leading bits agree. */
static unsigned common(const struct allowed_key *a, const struct allowed_key *b)
{
	if (a->high != b->high)
		return (unsigned)__builtin_clzll(a->high ^ b->high);
	if (a->low != b->low)
		return 64 + (unsigned)__builtin_clzll(a->low ^ b->low);
	return 128;
}

static bool covers(const struct allowed_node *node, const struct allowed_key *key)
{
	return common(&node->key, key) >= node->len;
}

void allowedips_init(struct allowedips *a, struct allowed_node *nodes, struct allowed_list *lists, size_t prefix_max)
{
	*a = (struct allowedips){ .nodes = nodes, .lists = lists, .prefix_max = prefix_max, .free = ALLOWED_NONE,
				  .root = { ALLOWED_NONE, ALLOWED_NONE } };
}

void allowedips_add_peer(struct allowedips *a, uint16_t peer)
{
	a->lists[peer] = (struct allowed_list){ ALLOWED_NONE, 0 };
}

bool allowedips_prefix_is_valid(const struct inet_prefix *p)
{
	return (p->addr.family == AF_INET || p->addr.family == AF_INET6) && p->len <= inet_bits(p->addr.family);
}

static uint16_t node_new(struct allowedips *a, struct allowed_key key, unsigned len, bool is_ipv6)
{
	uint16_t n = a->free;

	if (n != ALLOWED_NONE)
		a->free = a->nodes[n].next;
	else
		n = a->node_top++;
	a->nodes[n] = (struct allowed_node){ .key = cut(key, len), .len = (uint8_t)len, .is_ipv6 = is_ipv6,
					     .child = { ALLOWED_NONE, ALLOWED_NONE }, .peer = ALLOWED_NONE,
					     .next = ALLOWED_NONE, .prev = ALLOWED_NONE };
	return n;
}

static void node_free(struct allowedips *a, uint16_t n)
{
	a->nodes[n] = (struct allowed_node){ .peer = ALLOWED_NONE, .next = a->free };
	a->free = n;
}

static void give(struct allowedips *a, uint16_t n, uint16_t peer)
{
	struct allowed_list *list = &a->lists[peer];

	a->nodes[n].peer = peer;
	a->nodes[n].prev = ALLOWED_NONE;
	a->nodes[n].next = list->first;
	if (list->first != ALLOWED_NONE)
		a->nodes[list->first].prev = n;
	list->first = n;
	list->count++;
	a->prefix_count++;
}

static void take(struct allowedips *a, uint16_t n)
{
	struct allowed_node *node = &a->nodes[n];
	struct allowed_list *list = &a->lists[node->peer];

	if (node->next != ALLOWED_NONE)
		a->nodes[node->next].prev = node->prev;
	if (node->prev != ALLOWED_NONE)
		a->nodes[node->prev].next = node->next;
	else
		list->first = node->next;
	list->count--;
	a->prefix_count--;
	node->peer = node->next = node->prev = ALLOWED_NONE;
}

/* The node of exactly this prefix. */
static uint16_t find_exact(const struct allowedips *a, const struct inet_prefix *p)
{
	bool is_ipv6 = p->addr.family == AF_INET6;
	struct allowed_key key = cut(key_of(is_ipv6, p->addr.bytes), p->len);
	uint16_t n = a->root[is_ipv6];

	while (n != ALLOWED_NONE && a->nodes[n].len < p->len && covers(&a->nodes[n], &key))
		n = a->nodes[n].child[bit(&key, a->nodes[n].len)];
	if (n != ALLOWED_NONE && a->nodes[n].len == p->len && covers(&a->nodes[n], &key))
		return n;
	return ALLOWED_NONE;
}

size_t allowedips_needed(const struct allowedips *a, uint16_t peer, bool replace, const struct inet_prefix *prefixes,
			 size_t count)
{
	size_t needed = 0;

	for (size_t i = 0; i < count; i++) {
		uint16_t n = find_exact(a, &prefixes[i]);

		if (n == ALLOWED_NONE || a->nodes[n].peer == ALLOWED_NONE || (replace && a->nodes[n].peer == peer))
			needed++;
	}
	return needed;
}

void allowedips_insert(struct allowedips *a, const struct inet_prefix *prefix, uint16_t peer)
{
	bool is_ipv6 = prefix->addr.family == AF_INET6;
	struct allowed_key key = cut(key_of(is_ipv6, prefix->addr.bytes), prefix->len);
	uint16_t *link = &a->root[is_ipv6], below, fork;
	unsigned len = prefix->len, shared;

	while (*link != ALLOWED_NONE && a->nodes[*link].len < len && covers(&a->nodes[*link], &key))
		link = &a->nodes[*link].child[bit(&key, a->nodes[*link].len)];
	below = *link;
	if (below == ALLOWED_NONE) {
		*link = node_new(a, key, len, is_ipv6);
		give(a, *link, peer);
		return;
	}
	shared = common(&a->nodes[below].key, &key);
	if (shared >= len && a->nodes[below].len == len) { /* it is there */
		if (a->nodes[below].peer != ALLOWED_NONE)
			take(a, below);
		give(a, below, peer);
		return;
	}
	if (shared >= len) { /* it lies above */
		*link = node_new(a, key, len, is_ipv6);
		a->nodes[*link].child[bit(&a->nodes[below].key, len)] = below;
		give(a, *link, peer);
		return;
	}
	fork = node_new(a, key, shared, is_ipv6);
	a->nodes[fork].child[bit(&a->nodes[below].key, shared)] = below;
	below = node_new(a, key, len, is_ipv6);
	a->nodes[fork].child[bit(&key, shared)] = below;
	*link = fork;
	give(a, below, peer);
}

/* A node that belongs to no one and has less than two children is of no use. */
static bool is_idle(const struct allowed_node *node)
{
	return node->peer == ALLOWED_NONE && (node->child[0] == ALLOWED_NONE || node->child[1] == ALLOWED_NONE);
}

/* Puts its only child, or nothing, in its place. */
static void bypass(struct allowedips *a, uint16_t *link)
{
	uint16_t n = *link;

	*link = a->nodes[n].child[a->nodes[n].child[0] == ALLOWED_NONE];
	node_free(a, n);
}

static void remove_node(struct allowedips *a, uint16_t n)
{
	struct allowed_key key = a->nodes[n].key;
	uint16_t *link = &a->root[a->nodes[n].is_ipv6], *above = NULL;

	while (*link != n) {
		above = link;
		link = &a->nodes[*link].child[bit(&key, a->nodes[*link].len)];
	}
	take(a, n);
	if (is_idle(&a->nodes[n]))
		bypass(a, link);
	if (above && is_idle(&a->nodes[*above]))
		bypass(a, above);
}

void allowedips_remove_peer(struct allowedips *a, uint16_t peer)
{
	while (a->lists[peer].first != ALLOWED_NONE)
		remove_node(a, a->lists[peer].first);
}

uint16_t allowedips_find(const struct allowedips *a, bool is_ipv6, const uint8_t *addr)
{
	struct allowed_key key = key_of(is_ipv6, addr);
	uint16_t n = a->root[is_ipv6], peer = ALLOWED_NONE;

	while (n != ALLOWED_NONE && covers(&a->nodes[n], &key)) {
		const struct allowed_node *node = &a->nodes[n];

		if (node->peer != ALLOWED_NONE)
			peer = node->peer;
		if (node->len == (is_ipv6 ? 128 : 32))
			break;
		n = node->child[bit(&key, node->len)];
	}
	return peer;
}

bool allowedips_next(const struct allowedips *a, uint16_t peer, uint16_t *n, struct inet_prefix *prefix)
{
	const struct allowed_node *node;

	*n = *n == ALLOWED_NONE ? a->lists[peer].first : a->nodes[*n].next;
	if (*n == ALLOWED_NONE)
		return false;
	node = &a->nodes[*n];
	*prefix = (struct inet_prefix){ .addr = { .family = node->is_ipv6 ? AF_INET6 : AF_INET }, .len = node->len };
	if (node->is_ipv6) {
		store_be64(prefix->addr.bytes, node->key.high);
		store_be64(prefix->addr.bytes + 8, node->key.low);
	} else {
		store_be32(prefix->addr.bytes, (uint32_t)(node->key.high >> 32));
	}
	return true;
}

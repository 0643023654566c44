/* nf_tables by its own messages: what one batch says is done at once, or none of it. One table of family inet. */
#ifndef NETLINK_NFT_H
#define NETLINK_NFT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "netlink/netlink.h"

/* The numbers by which nft(8) knows how to print what a set holds; the kernel keeps them for it. */
enum nft_key { NFT_KEY_IPV4 = 7, NFT_KEY_IPV6 = 8, NFT_KEY_PORT = 13, NFT_KEY_ICMP = 14, NFT_KEY_ICMPV6 = 29, NFT_KEY_NAME = 41 };

enum { NFT_COMMENT_LEN = 64 };

/* A rule's user data as libnftnl writes and nft(8) reads it: type, length, bytes; of a comment with its NUL. */
enum { NFT_UDATA_COMMENT = 0, NFT_UDATA_HEADER_LEN = 2 };

struct nft_set_type {
	const char *name;
	enum nft_key key;
	uint32_t key_len;
	uint32_t size;      /* at most so many, filled by rules; 0: filled by us */
	uint32_t timeout_s; /* then one that no packet renewed is gone; 0: never */
};

struct nft_chain_type {
	const char *name;
	int32_t priority; /* among those of its hook */
	bool base;        /* it has a hook; else it is jumped to */
	uint8_t hook;     /* NF_INET_* */
	bool drop;        /* what no rule decides */
};

struct nft_rate {
	uint32_t per_s, burst;
};

/* A batch is built in nl->request. Names and rules are ours: what does not fit is told by nft_commit. */
struct nft_batch {
	struct nl *nl; /* NETLINK_NETFILTER */
	const char *table;
	struct nlmsghdr *message;
	struct nlattr *rule; /* the list of its expressions */
	size_t len;
	uint32_t set_count;
	bool full;
};

void nft_begin(struct nft_batch *batch, struct nl *nl, const char *table);
/* 0 or -errno: -EOPNOTSUPP: a kernel without nf_tables; -ENOENT: something named is not there, or an expression's module. */
int nft_commit(struct nft_batch *batch);

/* What is there already is no error, and stays as it is. */
void nft_put_table(struct nft_batch *batch);
void nft_put_set(struct nft_batch *batch, const struct nft_set_type *set);
void nft_put_chain(struct nft_batch *batch, const struct nft_chain_type *chain);
void nft_put_element(struct nft_batch *batch, const char *set, const void *key, size_t len);

void nft_remove_table(struct nft_batch *batch);
void nft_empty_set(struct nft_batch *batch, const char *set);
void nft_empty_chain(struct nft_batch *batch, const char *chain);
void nft_remove_chain(struct nft_batch *batch, const char *chain);

/* A rule at the end of a chain; the expressions between begin and end go from left to right. */
void nft_rule_begin(struct nft_batch *batch, const char *chain, const char *comment);
void nft_rule_end(struct nft_batch *batch);

/* What the next expressions look at. */
void nft_load_meta(struct nft_batch *batch, uint32_t key);
void nft_load_payload(struct nft_batch *batch, uint32_t base, uint32_t offset, uint32_t len);
void nft_load_ct_state(struct nft_batch *batch);
void nft_mask(struct nft_batch *batch, const void *mask, size_t len); /* all but its bits are 0 from then on */

/* The rule goes on only where it holds. */
void nft_if_equal(struct nft_batch *batch, const void *value, size_t len);
void nft_if_any_bit(struct nft_batch *batch, uint32_t bits); /* of a number of the kernel's own */
void nft_if_in(struct nft_batch *batch, const char *set);
void nft_if_within(struct nft_batch *batch, const struct nft_rate *rate);
/* Each key has a rate of its own; a set that is full tells of no more of them. */
void nft_if_beyond_each(struct nft_batch *batch, const char *set, const struct nft_rate *rate, uint32_t timeout_s);
/* The key is in the set for so long from now on; a full one takes no more, and the rule ends there. */
void nft_remember(struct nft_batch *batch, const char *set, uint32_t timeout_s);

void nft_count(struct nft_batch *batch);
void nft_untrack(struct nft_batch *batch); /* conntrack leaves the packet alone */
void nft_accept(struct nft_batch *batch);
void nft_drop(struct nft_batch *batch);
void nft_jump(struct nft_batch *batch, const char *chain);

/* -ENOENT when there is none. */
int nft_has_chain(struct nl *nl, const char *table, const char *chain);

/* What a set holds: 0, -ENOENT when it is not there, or -errno. Unlike a batch, which the kernel ends when all its processors have seen
 * that (10 ms and more), it takes no time. */
int nft_elements_each(struct nl *nl, const char *table, const char *set, void (*each)(const void *key, size_t len, void *arg), void *arg);

struct nft_rule {
	char comment[NFT_COMMENT_LEN]; /* "": none */
	uint64_t packets, bytes;
};

/* The rules of a chain, in order: 0 or -errno. */
int nft_rules_each(struct nl *nl, const char *table, const char *chain, void (*each)(const struct nft_rule *rule, void *arg), void *arg);

/* One message of that answer, apart from the socket: 0, -ENOMSG for any other message, -EBADMSG. */
int nft_rule_read(const struct nlmsghdr *message, struct nft_rule *rule);


/* The same of a set's elements: calls each for every one. */
int nft_elements_read(const struct nlmsghdr *message, void (*each)(const void *key, size_t len, void *arg), void *arg);

#endif

/* The host's door: table `inet mitigator` of nf_tables, which drops what comes to the host but for what it names. It stays
 * when the processes that made it end. */
#ifndef NETWORK_FILTER_H
#define NETWORK_FILTER_H

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

#include "netlink/nft.h"

#define FILTER_TABLE "mitigator"

/* How a rule is printed: packets, bytes, comment. */
#define FILTER_ROW "%12llu %15llu  %s\n"

/* ---- by who keeps the host's NICs; nl is a NETLINK_NETFILTER socket in the host's namespace ---- */

/* The sets that paths put their ports into. They drop nothing. */
int filter_prepare(struct nl *nl);
int filter_stands(struct nl *nl); /* 1: it drops, 0: it does not, or -errno */
int filter_put(struct nl *nl);    /* around what the paths let in; rules of ours that stand are made anew */

/* By which NICs a DHCP server's answer comes in, and by no others: 0 or -errno. */
struct filter_nic {
	char name[IFNAMSIZ]; /* zeros behind it */
	bool dhcp4, dhcp6;
};
int filter_dhcp(struct nl *nl, const struct filter_nic *nics, size_t count);

int filter_remove(struct nl *nl); /* everything comes in again; what the paths let in is remembered */

/* Why not, in words; -errno of any of these. */
const char *filter_why(int err, const struct nl *nl);

/* Calls each for every rule with a counter, in the order in which they are asked. */
int filter_each(struct nl *nl, void (*each)(const struct nft_rule *rule, void *arg), void *arg);

/* ---- by a path, in the host's namespace ---- */

/* UDP port of the path, 0: none; the inner interface where it is on the host, "": it is not. alone: what was let in for this
 * path before is not any more. 1, 0 where no one keeps a filter, or -errno. */
int filter_let_in(const char *path, uint16_t port, const char *device, bool alone);

#endif

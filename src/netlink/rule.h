/* Policy rules (ip-rule(8)) that stand before everything else, the look-up of the local table too, and so may refuse what
 * is for an address of our own. nl is a NETLINK_ROUTE socket of the namespace that is meant. */
#ifndef NETLINK_RULE_H
#define NETLINK_RULE_H

#include <net/if.h>
#include <stdbool.h>

#include "base/inet.h"
#include "netlink/netlink.h"

struct policy_rule {
	uint32_t table;                 /* RT_TABLE_* of FR_ACT_TO_TBL */
	uint8_t action;                 /* FR_ACT_* */
	char iif[IFNAMSIZ];             /* what comes in by this interface, lo: what the host itself sends; "": all */
	struct inet_prefix destination; /* host bits clear; family 0: all */
};

/* Has rules stand in this order before all that other programs made: 1 when something was changed, 0, or -errno. Rules of
 * others keep their order and their place behind the local table; at no moment is there no look-up of that. */
int rules_put_first(struct nl *nl, uint8_t family, const struct policy_rule *rules, size_t count);

/* The last one first; what is not there is no error: 0 or -errno. What is left is as if they had never been there. */
int rules_remove(struct nl *nl, uint8_t family, const struct policy_rule *rules, size_t count);

/* Calls each for every rule that this program put, in whichever life: 0 or -errno. */
int rules_each(struct nl *nl, uint8_t family, void (*each)(const struct policy_rule *rule, void *arg), void *arg);

/* The groups of a monitor that is told of changed rules. */
#define RULE_GROUPS (RTMGRP_IPV4_RULE | 1U << (RTNLGRP_IPV6_RULE - 1))

#endif

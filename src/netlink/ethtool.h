/* What a NIC's hardware is set to, over generic netlink's family "ethtool" (Linux 5.6 and newer). Results are 0 or -errno:
 * -EOPNOTSUPP where the driver has no such thing. */
#ifndef NETLINK_ETHTOOL_H
#define NETLINK_ETHTOOL_H

#include <stdbool.h>

#include "netlink/netlink.h"

struct ethtool {
	struct nl nl;
	uint16_t family;
};

int ethtool_open(struct ethtool *ethtool); /* in this namespace; -ENOENT where the kernel has no such family */

enum ethtool_duplex { ETHTOOL_DUPLEX_UNKNOWN, ETHTOOL_DUPLEX_HALF, ETHTOOL_DUPLEX_FULL };

struct ethtool_link {
	uint32_t speed_mbit; /* 0: not known, or no carrier */
	enum ethtool_duplex duplex;
};

int ethtool_link_get(struct ethtool *ethtool, uint32_t index, struct ethtool_link *link);

/* Packets that a ring has room for; those of several queues are of one size. */
struct ethtool_rings {
	uint32_t rx, tx, rx_max, tx_max;
};

int ethtool_rings_get(struct ethtool *ethtool, uint32_t index, struct ethtool_rings *rings);

/* Of features by the kernel's names: bit i is names[i]'s. */
struct ethtool_features {
	uint32_t can;    /* may be switched */
	uint32_t active; /* on */
};

enum { ETHTOOL_NAMES_MAX = 32 };

int ethtool_features_get(struct ethtool *ethtool, uint32_t index, const char *const names[], size_t count,
			 struct ethtool_features *features);
/* Those of mask become as values. What cannot be switched, or lacks another one that it needs, stays, and that is no error: look
 * again. */
int ethtool_features_set(struct ethtool *ethtool, uint32_t index, const char *const names[], size_t count, uint32_t mask,
			 uint32_t values);

/* Each reads an answer: 0 or -EBADMSG. */
int ethtool_link_read(const struct nlmsghdr *message, struct ethtool_link *link);
int ethtool_rings_read(const struct nlmsghdr *message, struct ethtool_rings *rings);
int ethtool_features_read(const struct nlmsghdr *message, const char *const names[], size_t count,
			  struct ethtool_features *features);

#endif

/* Bonds and their ports over rtnetlink(7). */
#ifndef NETLINK_BOND_H
#define NETLINK_BOND_H

#include "netlink/link.h"

/* What can be set. mode, hash: as <linux/if_bonding.h> numbers them. */
struct link_bond_settings {
	uint8_t mode;
	uint8_t hash;    /* of 802.3ad */
	bool lacp_fast;  /* of 802.3ad */
	uint32_t mii_ms;
};

struct link_bond {
	struct link_bond_settings settings;
	uint32_t active;  /* index of the port in use, 0: none, or a mode that uses several */
	uint32_t primary; /* index of the port that is used when it can be; 0: none */
	/* Of 802.3ad. partner is zeros while none is heard. */
	uint16_t aggregator;
	uint8_t partner[LINK_MAC_LEN];
};

struct link_bond_port {
	bool in_use;         /* in active-backup the one; in 802.3ad those that carry */
	bool up;             /* as the bond sees it */
	uint32_t failures;   /* how often the bond saw it go */
	uint16_t aggregator; /* of 802.3ad: those of the bond's carry */
};

/* Each reads an RTM_NEWLINK: 0, -ENODATA for what is none, -EBADMSG. */
int link_bond_read(const struct nlmsghdr *message, struct link_bond *bond);
int link_bond_port_read(const struct nlmsghdr *message, struct link_bond_port *port);
int link_bond_get(struct nl *nl, uint32_t index, struct link_bond *bond);
int link_bond_port_get(struct nl *nl, uint32_t index, struct link_bond_port *port);

/* -EOPNOTSUPP when the kernel has no bonds. */
int link_create_bond(struct nl *nl, const char *name, const struct link_bond_settings *settings);

/* What differs, but the mode, which stays as it was made. The kernel takes lacp_fast only while the bond is down, the same one too. */
int link_bond_set(struct nl *nl, uint32_t index, const struct link_bond_settings *is, const struct link_bond_settings *wanted);
int link_bond_set_primary(struct nl *nl, uint32_t index, uint32_t port); /* 0: none */

/* The port must be down, and comes up with the bond's address; master 0: it is no port any more, and down. */
int link_set_master(struct nl *nl, uint32_t index, uint32_t master);

/* Reads a message of a monitor: true with *index set when those around the link are to be told anew who has its addresses, since a
 * bond, or the one below it, uses another port now. */
bool link_message_announces(const struct nlmsghdr *message, uint32_t *index);

#endif

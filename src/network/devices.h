/* What [NetDev] is to make, against what is there: shared by those who make it and who say what will be made. */
#ifndef NETWORK_DEVICES_H
#define NETWORK_DEVICES_H

#include "netlink/bond.h"
#include "network/nics.h"

/* The link that network.conf made by that name, NULL: there is none. */
const struct link *devices_find(const struct nics *nics, const char *name);

/* What the section of [NetDev] is as a bond of the kernel's. */
struct link_bond_settings devices_bond_settings(const struct network_device *device);

/* Whether a link that network.conf made can stay: it is in the file, of the same kind, and on the same NIC by the same id or of
 * the same mode. */
bool devices_keep(struct nl *nl, const struct nics *nics, const struct network_conf *conf, const struct link *link);

/* "VLAN 10 on eth0", "bond, active-backup" */
enum { DEVICES_WORDS_LEN = 64 };
const char *devices_words(const struct network_device *device, const char *lower, char words[static DEVICES_WORDS_LEN]);

#endif

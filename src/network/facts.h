/* What the host is like, as far as the configuration depends on it. */
#ifndef NETWORK_FACTS_H
#define NETWORK_FACTS_H

#include "conf/set.h"

/* Routes of the calling process's namespace and a look for Mellanox NICs: 0 or -errno; facts are usable either way. */
int facts_collect(struct conf_facts *facts);

/* The first network device of vendor 15b3 below a directory laid out as /sys/bus/pci/devices: true with its
 * address and driver in where. */
bool facts_find_mellanox(const char *pci_dir, char *where, size_t cap);

#endif

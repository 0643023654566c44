/* The numbers of the NICs: by where they are in the machine, not by which driver was loaded first. */
#ifndef NETWORK_NAMES_H
#define NETWORK_NAMES_H

#include <stddef.h>

#include "network/hardware.h"
#include "netlink/link.h"

struct nic_place {
	uint32_t index; /* the kernel's */
	char name[IFNAMSIZ];
	struct nic_hardware hardware;
};

/* By path, then port; what has no path comes last, in the kernel's order. */
void names_sort(struct nic_place *places, size_t count);

/* Gives eth0, eth1, ... to the NICs that the kernel called ethN, in that order. For boot alone: who is known by a name keeps it
 * afterwards, and a NIC that comes later takes the next free number. 0 or -errno; words: what it came to. */
int names_apply(struct nl *nl, char *words, size_t cap);

#endif

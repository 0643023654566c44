/* Offloads of a NIC that matter to tunnels: what it has, and what network.conf wants of it. */
#ifndef NETWORK_OFFLOADS_H
#define NETWORK_OFFLOADS_H

#include "conf/network.h"
#include "netlink/ethtool.h"
#include "netlink/link.h"
#include "network/nics.h"

/* A socket to ask with, kept for as long as the process lives; NULL: this kernel has nothing to ask. */
struct ethtool *offloads_ethtool(void);

int offloads_get(uint32_t index, struct ethtool_features *features); /* bits by enum network_offload; 0 or -errno */
int offloads_set(uint32_t index, uint32_t mask, uint32_t values);
const char *offloads_words(void); /* of the kernel, on why not; "": none */
const char *offloads_name(enum network_offload offload); /* "TSO" */

/* What the section says, or is better for a tunnel where it says nothing: what the driver has off by itself because of its
 * hardware stays off. section NULL: nothing is said. */
enum network_switch offloads_wanted(const struct link *link, const struct network_nic *section, enum network_offload offload);

/* What a NIC had before the file said otherwise, for when it says so no more: bits by enum network_offload. A service that starts again
 * has forgotten it, and leaves it. */
struct offloads_found {
	uint32_t index; /* 0: none */
	uint32_t mask, was;
};

/* Of the NIC, made where there is none yet; NULL when there is no room. nics are all there are. */
struct offloads_found *offloads_found(const struct nics *nics, uint32_t index);

/* offloads_wanted, or what it is to be given back. */
enum network_switch offloads_due(const struct link *link, const struct network_nic *section, enum network_offload offload);

#endif

/* What the kernel counts of a link (struct rtnl_link_stats64): packets, and what it tells of losses. */
#ifndef NETLINK_COUNTERS_H
#define NETLINK_COUNTERS_H

#include "netlink/netlink.h"

struct link_counters {
	uint64_t rx_packets, tx_packets;
	uint64_t rx_errors, rx_length_errors, rx_frame_errors, rx_dropped;
	uint64_t rx_crc_errors;    /* came damaged: cable, optics */
	uint64_t rx_over_errors;   /* came faster than the NIC's own memory took them */
	uint64_t rx_missed_errors; /* the ring in our memory was full */
	uint64_t tx_errors, tx_dropped;
	uint64_t tx_carrier_errors, collisions;
};

/* 0; -ENODATA when the kernel does not say; -ENODEV when there is no such link. */
int link_counters_get(struct nl *nl, uint32_t index, struct link_counters *counters);

#endif

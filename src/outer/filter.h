/* The socket filter (classic BPF) that lets through to lwIP only what is lwIP's. Pure. */
#ifndef OUTER_FILTER_H
#define OUTER_FILTER_H

#include <linux/filter.h>
#include <stdbool.h>
#include <stdint.h>

enum { FILTER_MAX = 96 };

struct filter {
	struct sock_filter code[FILTER_MAX];
	uint16_t len;
};

/* Frames with an Ethernet header, of no VLAN and meant for us: UDP to port (host order) with its later fragments, ICMP and
 * ICMPv6 too big. alone: what a kernel would answer too: ARP, neighbour discovery, echo requests. */
void filter_build(struct filter *filter, uint16_t port, bool alone);

#endif

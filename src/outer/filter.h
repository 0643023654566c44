/* The socket filter (classic BPF) that lets through to lwIP only what is lwIP's. Pure. */
#ifndef OUTER_FILTER_H
#define OUTER_FILTER_H

#include <linux/filter.h>
#include <stdbool.h>
#include <stdint.h>

enum { FILTER_MAX = 128 };

struct filter {
	struct sock_filter code[FILTER_MAX];
	uint16_t len;
};

/* A NIC may have two sockets: one for datagrams that begin with the word (as load_be32 reads it), and all that is not a whole datagram;
 * and one for the other datagrams. Of a super-frame the first one counts. */
enum filter_part { FILTER_ALL, FILTER_AHEAD, FILTER_BEHIND };

struct filter_take {
	enum filter_part part;
	uint32_t word;
};

/* Frames with an Ethernet header, of no VLAN and meant for us: UDP to port (host order) with its later fragments, ICMP and
 * ICMPv6 too big. alone: what a kernel would answer too: ARP, neighbour discovery, echo requests. */
void filter_build(struct filter *filter, uint16_t port, bool alone, const struct filter_take *take);

#endif

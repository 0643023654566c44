/* What the outer side and its host tell each other, as values: links, addresses, routes, ways and neighbours, and what was
 * counted. */
#ifndef OUTER_HOST_H
#define OUTER_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/inet.h"
#include "outer/placeholder.h"

enum {
	OUTER_LINK_MAX = 16,
	OUTER_ADDRESS_MAX = 64,
	OUTER_ROUTE_MAX = 512,            /* of NICs that are alone */
	OUTER_MAC_LEN = 6,
	OUTER_SEGMENT_MAX = 64,           /* datagrams in one super-frame (the kernel's UDP_MAX_SEGMENTS before 6.9) */
	OUTER_LEN_MAX = 65535 - 40 - 8,   /* bytes in one outer_send, super-frame or not */
	OUTER_MTU_AGE_S = 600,            /* a learned path MTU is forgotten: RFC 8201 4 */
	OUTER_ASK_AGAIN_MS = 1000,        /* what no event tells of: a dead router, a lifetime that ended */
};

/* What lwIP is to mirror: plain values, read by the owner (engine/mirror.h reads them over rtnetlink). */
struct outer_link {
	uint32_t index;
	uint32_t mtu_bytes;
	uint32_t mtu6_bytes; /* for IPv6; 0: as mtu_bytes */
	uint8_t mac[OUTER_MAC_LEN];
	bool alone; /* the kernel has no address on it: we do ARP and neighbour discovery there, and answer pings */
};

struct outer_address {
	uint32_t index;            /* of a link in links, or it is left out */
	struct inet_prefix prefix; /* the address with its prefix length: no route follows from it */
};

/* Of a link that is alone: the way over the others is asked for, never guessed. */
struct outer_route {
	struct inet_prefix destination;
	struct inet_addr gateway; /* family 0: on the link */
	uint32_t index;           /* of the link */
	uint32_t mtu_bytes;       /* 0: the link's */
};

struct outer_table {
	size_t link_count, address_count, route_count;
	struct outer_link links[OUTER_LINK_MAX]; /* Ethernet links that are up */
	struct outer_address addresses[OUTER_ADDRESS_MAX];
	struct outer_route routes[OUTER_ROUTE_MAX];
};

/* How a datagram leaves. */
struct outer_way {
	uint32_t link;             /* index of the link */
	struct inet_addr next_hop; /* a router, or the destination itself */
	struct inet_addr source;   /* family 0: none was found */
	uint32_t mtu_bytes;        /* of the route alone; 0: it says nothing */
	uint8_t prefix_len;        /* how narrow the network is that the route leads to */
};

enum outer_neighbour_state {
	OUTER_NEIGHBOUR_LOST,   /* no one knows it, and no one looks for it */
	OUTER_NEIGHBOUR_SOUGHT, /* someone looks for it */
	OUTER_NEIGHBOUR_STALE,  /* its MAC is known, and no one looks whether that still holds */
	OUTER_NEIGHBOUR_GOOD,   /* its MAC holds, or is being checked */
};

/* Who answers for an address on a link. */
struct outer_neighbour {
	uint32_t index; /* of the link */
	struct inet_addr addr;
	enum outer_neighbour_state state;
	uint8_t mac[OUTER_MAC_LEN]; /* of the last two states */
};

struct outer_host {
	void *arg;
	/* What takes a right, for a process that may have none: the socket of a link, as packet_socket_open() makes it (fd or -errno),
	 * and those of the port, as placeholder_open() does (0 or -errno). NULL: outer opens them by these itself. They must not
	 * call outer. */
	int (*open_link)(void *arg, const struct outer_link *link, uint16_t port);
	int (*open_port)(void *arg, uint16_t port, bool merge, struct placeholder *placeholder);
	/* The host's way to to->remote from to->local (family 0: the host is to choose): 0, -EHOSTUNREACH for an address of
	 * its own, or another -errno. Asked when a way is used first, after every change, and each OUTER_ASK_AGAIN_MS while it
	 * is used. NULL: there are only links that are alone. It must not call outer. */
	int (*ask)(void *arg, const struct inet_flow *to, struct outer_way *way);
	/* Whether bytes are how a datagram begins that we sent there lately; whoever made them up cannot know. NULL: no. */
	bool (*sent)(void *arg, const struct inet_endpoint *to, const uint8_t *bytes, size_t len);
	/* A next hop of ours, index and addr, is to be found, or one is in use that no one looks after: the kernel is to do as for a
	 * packet of its own. Fills in the state as of now; news comes by outer_neighbour(). Asked when a neighbour is first
	 * needed, then at most once a second and only while it is in use; not about links that are alone. */
	void (*neighbour)(void *arg, struct outer_neighbour *neighbour);
	/* One datagram (segment_len == len), or several of segment_len each, the last of 1 to segment_len: walk them with
	 * for (at = 0; at < len; at += segment_len). len is never 0. bytes may be changed in place and are borrowed until
	 * received() returned, from until this call returns. ds is the IP header's DS field. It may call outer_send. */
	void (*receive)(void *arg, const struct inet_flow *from, uint8_t ds, uint8_t *bytes, size_t len,
			size_t segment_len, uint64_t now_ns);
	/* A batch is over: write the TUN. Then outer flushes by itself, and the batch's bytes are gone. */
	void (*received)(void *arg, uint64_t now_ns);
};

struct outer_stats {
	uint64_t rx_frames, rx_datagrams, rx_bytes;
	uint64_t rx_dropped;      /* not for us, malformed, truncated, empty */
	uint64_t rx_bad_checksum;
	uint64_t rx_fragments, rx_too_big;
	uint64_t tx_frames, tx_datagrams, tx_bytes;
	uint64_t tx_dropped;      /* the kernel did not take the frame, or an unresolved super-frame */
	uint64_t tx_no_route;
	uint64_t gso_refused;     /* links that fell back to single frames */
};

#endif

/* Owns the network outside of the tunnel: UDP datagrams on one port, carried by lwIP over AF_PACKET on NICs that the
 * kernel also uses. lwIP is global by its nature, so there is one outer side per process and no handle. */
#ifndef OUTER_OUTER_H
#define OUTER_OUTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/inet.h"
#include "base/loop.h"
#include "outer/host.h"

struct outer_options {
	struct loop *loop;       /* outer's file descriptors and its timer live in it; outlives outer */
	struct outer_host host;
	uint16_t port;           /* 0: the kernel chooses, outer_port() tells */
	uint32_t data_word;      /* datagrams that begin with it (as load_be32 reads it) go before all others; 0: none do */
	bool no_super_frames;    /* never send UDP_L4 GSO: for tests, and for operators with a broken driver */
	bool no_super_frames_in; /* the kernel (before 6.2) hands none up: it is not to merge datagrams into any */
};

/* Reserves the port (IPv4 and IPv6) with placeholder sockets of the kernel, starts lwIP. No link yet: call
 * outer_refresh. 0, -EADDRINUSE, -EBUSY when it is open already, or -errno. */
int outer_open(const struct outer_options *options, uint64_t now_ns);
/* Gives everything back; lwIP's pools are empty then (outer_pools_used() == 0). Also when not open. */
void outer_close(void);

/* Takes the whole table anew: links that stayed keep their sockets and neighbours. Call it at start and whenever a link
 * or an address changed. The table is copied. 0, or the first -errno of a link that could not be opened, which is
 * *failed_index (may be NULL); the others work. */
int outer_refresh(const struct outer_table *table, uint64_t now_ns, uint32_t *failed_index);

/* Of a link that is ours alone: those around it are told anew who has its addresses. */
void outer_announce(uint32_t index);

/* The host's routes changed: every way is asked for anew when it is used next. */
void outer_reroute(void);

/* What the host says of any neighbour, whether we asked for it or not. Whoever waited for it is sent. */
void outer_neighbour(const struct outer_neighbour *neighbour, uint64_t now_ns);
/* The host may have missed to say something: all that are in use are asked for anew. */
void outer_neighbours_doubt(void);
/* The next hop to this address will be needed. */
void outer_expect(const struct inet_endpoint *to, uint64_t now_ns);

/* Moves to another port without a lost neighbour: 0, or -errno and the old port stays. 0: the kernel chooses. */
int outer_set_port(uint16_t port);
uint16_t outer_port(void); /* host order; 0 when closed */

/* Queues one datagram (segment_len 0 or >= len) or a super-frame of datagrams of segment_len bytes each (the last one may be
 * shorter; at most OUTER_SEGMENT_MAX). bytes are borrowed until outer_flush returned or, in receive(), until the batch
 * is over; a full queue flushes by itself. They need no headroom. What receive() called from may be to: the answer leaves
 * from the address that was written to, as long as that is ours and (IPv4) the way leads out where it came in. Else local
 * is the route's. ds is for the IP header. Datagrams longer than the path MTU go as fragments.
 * 0, -ENETUNREACH (no route, or the link is down), -EAFNOSUPPORT, -EMSGSIZE, -EHOSTUNREACH (an address of our own),
 * -ENOBUFS. While a neighbour is unknown datagrams wait (a few per neighbour, copied); they go or are dropped. */
int outer_send(const struct inet_flow *to, uint8_t ds, const uint8_t *bytes, size_t len, size_t segment_len,
	       uint64_t now_ns);
/* Within receive() only: back to where the datagram at hand came from, to the very MAC of its frame. For who is a stranger yet:
 * he costs no route, no neighbour and no question. Forged addresses of our own network would fill the tables of whoever
 * looks for them, ours, the kernel's or a router's, and drive out the neighbours that are in use. The way back may not be
 * the way that the routes name: a datagram that came by a router is one that he forwards, and what is lost is asked for
 * again. -EMSGSIZE when it is longer than the link takes, -ENETUNREACH when nothing is at hand. */
int outer_answer(const struct inet_flow *from, uint8_t ds, const uint8_t *bytes, size_t len);
void outer_flush(void);

/* IP bytes that fit on the way to this address now: link, route and, for IPv6, what a router said; 0 without a route. */
uint32_t outer_mtu(const struct inet_addr *to, uint64_t now_ns);

void outer_stats(struct outer_stats *stats);

/* Elements of lwIP's pools and bytes of its heap in use: the UDP port's own block counts as none. */
size_t outer_pools_used(void);

#endif

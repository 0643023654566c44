/* Owns which MAC a next hop has, and what waits until that is known. Who finds it out is the caller's: the kernel on NICs that
 * it also uses, alone.h on the others. */
#ifndef OUTER_NEIGHBOUR_H
#define OUTER_NEIGHBOUR_H

#include <lwip/pbuf.h>
#include "outer/host.h"

enum {
	NEIGHBOUR_MAX = 1024,    /* as many as there may be peers on one link; the longest unused makes room */
	NEIGHBOUR_WAITING = 8,   /* datagrams of one neighbour that wait */
	NEIGHBOUR_WAITING_ALL = 64,
	NEIGHBOUR_ASK_S = 1,     /* from one question to the next, while it is in use and no one knows */
	NEIGHBOUR_GOOD_S = 30,   /* RFC 4861 10, REACHABLE_TIME */
};

struct neighbour {
	uint32_t link;    /* 0: free */
	struct inet_addr addr;
	uint32_t id;      /* of this use of the slot */
	bool usable;      /* mac is where to send */
	uint8_t mac[OUTER_MAC_LEN];
	uint8_t waiting;  /* datagrams */
	uint8_t probes;   /* of alone.h: unanswered ones */
	uint64_t used_ns; /* last sent to; the sender writes it; 0: never */
	uint64_t asked_ns;
	uint64_t ask_ns;  /* who is in use is asked for from then on */
};

struct neighbour_host {
	/* To find out, or to check: one of the calls below may follow at once, or later. */
	void (*ask)(struct neighbour *neighbour, uint64_t now_ns);
	/* A datagram that waited, with room for its Ethernet header. The caller frees p. */
	void (*ready)(struct neighbour *neighbour, struct pbuf *p);
	struct outer_stats *stats; /* what was dropped */
};

void neighbour_open(const struct neighbour_host *host);
void neighbour_forget(uint32_t link); /* 0: of all links */

struct neighbour *neighbour_find(uint32_t link, const struct inet_addr *addr); /* NULL: none such */
struct neighbour *neighbour_get(uint32_t link, const struct inet_addr *addr, uint64_t now_ns);
/* One that looks for us, and so is likely to be sent to: known until its place is needed. NULL: all places are of those that
 * were sent to, of whom none goes for it. */
struct neighbour *neighbour_note(uint32_t link, const struct inet_addr *addr);

/* Asks when that is due. */
void neighbour_want(struct neighbour *neighbour, uint64_t now_ns);
/* An IP packet for a neighbour that is not usable; the oldest gives way. Takes a copy. False: no memory. */
bool neighbour_wait(struct neighbour *neighbour, struct pbuf *p);
/* Once a second: those in use are asked for. */
void neighbour_tick(uint64_t now_ns);
/* What was said of any may be outdated: all that are in use are asked for anew. */
void neighbour_doubt(void);

/* What became known; mac is for the two that have one. */
void neighbour_is(struct neighbour *neighbour, enum outer_neighbour_state state, const uint8_t *mac, uint64_t now_ns);

#endif

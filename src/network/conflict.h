/* Addresses of ours that another machine on the link has as well (RFC 5227), as two appliances have whose disks are copies. */
#ifndef NETWORK_CONFLICT_H
#define NETWORK_CONFLICT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arp.h"
#include "base/loop.h"
#include "netlink/link.h"

enum { CONFLICTS_MAX = 64, CONFLICT_WORDS_LEN = 224 };

/* What an ARP packet says of whose an address is. */
struct arp_claim {
	bool answer; /* to whoever asked; else a question, or a probe that has no address yet */
	uint8_t mac[LINK_MAC_LEN];
	uint8_t address[4];
};

/* false: it is no ARP for IPv4 on Ethernet (RFC 826), or claims nothing. */
bool arp_read(const uint8_t *bytes, size_t len, struct arp_claim *claim);
void arp_probe(uint8_t bytes[static ARP_LEN], const uint8_t mac[static LINK_MAC_LEN],
	       const uint8_t address[static 4]);
/* To all on the link, by a packet socket for ARP. One that cannot leave, for want of a carrier, does not. */
void arp_probe_send(int fd, uint32_t link, const uint8_t mac[static LINK_MAC_LEN], const uint8_t address[static 4]);

struct conflicts {
	struct loop *loop; /* NULL: not opened */
	struct loop_source source;
	struct loop_timer timer;
	struct conflict_own {
		uint32_t link;
		char name[IFNAMSIZ];
		uint8_t mac[LINK_MAC_LEN], other[LINK_MAC_LEN];
		uint8_t address[4];
		uint64_t probed_ns, answered_ns; /* by another machine */
		bool probed, taken;
	} own[CONFLICTS_MAX];
	size_t count;
	void (*changed)(struct conflicts *conflicts); /* one is taken, or is not any more */
};

int conflicts_open(struct conflicts *conflicts, struct loop *loop); /* 0 or -errno */
/* The NICs and their addresses are these now. */
void conflicts_follow(struct conflicts *conflicts, struct nl *nl);
/* A sentence for each that is taken. */
void conflicts_each(const struct conflicts *conflicts, void (*each)(void *arg, const char *text), void *arg);

#endif

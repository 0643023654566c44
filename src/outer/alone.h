/* Owns what a kernel does for the addresses of its NIC, on NICs where none does: ARP and neighbour discovery, questions and
 * answers, and pings. An answer goes back to the MAC that the question came from and leaves nothing behind, so that
 * who asks under many names fills no table; only next hops of ours are looked for. */
#ifndef OUTER_ALONE_H
#define OUTER_ALONE_H

#include "outer/neighbour.h"
#include "outer/nic.h"

/* Each takes a frame of len bytes of that EtherType (ICMP and ICMPv6: whole packets, lengths checked) and says whether
 * it was taken. ICMP frames may be changed. */
bool alone_arp(struct nic *nic, const uint8_t *frame, size_t len, uint64_t now_ns);
bool alone_icmp(struct nic *nic, const uint8_t *frame);
bool alone_icmp6(struct nic *nic, const uint8_t *frame, uint64_t now_ns);

/* source: an address of ours that the neighbour may answer to. */
void alone_ask(struct nic *nic, struct neighbour *neighbour, const struct inet_addr *source, uint64_t now_ns);
/* One question to all on the link; who has the address of source hears the answer. */
void alone_solicit(struct nic *nic, const struct neighbour *neighbour, const struct inet_addr *source);
/* Says that an address is ours now (IPv4 only). */
void alone_announce(struct nic *nic, const struct inet_addr *addr);

#endif

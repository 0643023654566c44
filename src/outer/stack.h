/* Owns lwIP itself: its start and end, its one UDP port, its netifs and their addresses. */
#ifndef OUTER_STACK_H
#define OUTER_STACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/inet.h"
#include <lwip/netif.h>
#include <lwip/udp.h>

enum { STACK_ROOM = 96 }; /* pad, Ethernet, IPv6 and UDP headers, and some */

/* received gets each datagram that came to the port: 0 or -errno. */
int stack_open(uint16_t port, udp_recv_fn received);
void stack_close(void); /* all netifs are removed before */
void stack_set_port(uint16_t port);
struct udp_pcb *stack_pcb(void);
void stack_tick(void); /* once a second */
size_t stack_pools_used(void);

/* output gets whole IP packets, which are the caller's to put on the wire. */
void stack_add(struct netif *netif, void *state, err_t (*output)(struct netif *netif, struct pbuf *p));
void stack_remove(struct netif *netif);

/* lwIP knows few addresses per netif, and one of IPv4: the one that matters for a packet is set before it. */
void stack_use_local(struct netif *netif, const struct inet_addr *addr);

/* For a datagram that is longer than the path MTU: on before it is sent, off (mtu FRAME_MTU_MAX) after. Fragments need a checksum
 * by lwIP. */
void stack_fragment(struct netif *netif, uint16_t mtu_bytes, bool on);
/* Reassembled datagrams are checked by lwIP. */
void stack_check(struct netif *netif, bool on);

/* For a fragment: the other half of the heap is for neighbours, who must be found whoever sends us fragments. */
bool stack_has_room(void);

void stack_addr(ip_addr_t *dst, const struct inet_addr *addr, const struct netif *netif);
struct inet_addr stack_inet_addr(const ip_addr_t *addr);

#endif

/* Where lwIP asks the mirrored table; included by lwIP's own files (LWIP_HOOK_FILENAME). */
#ifndef OUTER_HOOKS_H
#define OUTER_HOOKS_H

#include <lwip/ip4_addr.h>
#include <lwip/ip6_addr.h>
#include <lwip/netif.h>

struct netif *outer_hook_route4(const ip4_addr_t *src, const ip4_addr_t *dest);
struct netif *outer_hook_route6(const ip6_addr_t *src, const ip6_addr_t *dest);
const ip4_addr_t *outer_hook_gateway4(struct netif *netif, const ip4_addr_t *dest);
const ip6_addr_t *outer_hook_gateway6(struct netif *netif, const ip6_addr_t *dest);

/* nd6_send_ns solicits only for targets that share a /64 with an address of the NIC. On-link is what the routes say,
 * with any prefix length: let it take the first address, which is the link-local one. Nothing else of nd6.c and ip6.c
 * that we run asks this (no prefix list, no static address, routes by the hooks). */
#undef ip6_addr_net_eq
#define ip6_addr_net_eq(a, b) ((a) != NULL && (b) != NULL)

#endif

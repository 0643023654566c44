/* lwIP as the outer side wants it: one thread, no timers of its own, UDP only, all pools bounded. */
#ifndef OUTER_LWIPOPTS_H
#define OUTER_LWIPOPTS_H

#define NO_SYS 1
#define SYS_LIGHTWEIGHT_PROT 0
#define LWIP_TIMERS 0 /* stack_tick */
#define LWIP_NETCONN 0
#define LWIP_SOCKET 0
#define LWIP_TCP 0
#define LWIP_RAW 0
#define LWIP_DHCP 0
#define LWIP_AUTOIP 0
#define LWIP_ACD 0
#define LWIP_DNS 0
#define LWIP_IGMP 0
#define LWIP_UDP 1
#define LWIP_IPV4 1
#define LWIP_IPV6 1
/* IP and UDP alone: neighbours are the kernel's, or outer/alone.h's, and so is ICMP. No error leaves from here about packets that
 * are a program's of this host. */
#define LWIP_ARP 0
#define LWIP_ETHERNET 0
#define LWIP_ICMP 0
#define LWIP_ICMP6 0

/* IP headers on four bytes: the frame begins two bytes into its buffer. */
#define MEM_ALIGNMENT 8
#define ETH_PAD_SIZE 2

/* The heap holds what waits for a neighbour and, in half of it at most (stack_has_room), received fragments: twice
 * IP_REASS_MAX_PBUFS of 1500 bytes, so that lwIP makes room by giving up the oldest. The pools hold their list elements. */
#define MEM_SIZE (1536 * 1024)
#define PBUF_POOL_SIZE 1
#define MEMP_NUM_PBUF 64
#define MEMP_NUM_UDP_PCB 1
#define MEMP_NUM_FRAG_PBUF 256
#define MEMP_NUM_REASSDATA 16

#define IP_FORWARD 0
#define IP_FRAG 1
#define IP_REASSEMBLY 1
#define IP_REASS_MAX_PBUFS 192
#define IP_REASS_MAXAGE 15
#define LWIP_IPV6_FRAG 1
#define LWIP_IPV6_REASS 1
#define IPV6_FRAG_COPYHEADER 1 /* without it lwip_init aborts on 64 bits */
#define IPV6_REASS_MAXAGE 15

/* The kernel does address configuration. nd6.c is there since ip6.c asks it for MTUs; its tables stay empty. */
#define LWIP_IPV6_AUTOCONFIG 0
#define LWIP_IPV6_SEND_ROUTER_SOLICIT 0
#define LWIP_IPV6_DUP_DETECT_ATTEMPTS 0
#define LWIP_IPV6_MLD 0
#define LWIP_IPV6_DHCP6 0
#define LWIP_ND6_ALLOW_RA_UPDATES 0
#define LWIP_ND6_TCP_REACHABILITY_HINTS 0
#define LWIP_ND6_QUEUEING 0
#define LWIP_ND6_NUM_NEIGHBORS 1
#define LWIP_ND6_NUM_DESTINATIONS 1
#define LWIP_ND6_NUM_PREFIXES 1
#define LWIP_ND6_NUM_ROUTERS 1
#define LWIP_IPV6_NUM_ADDRESSES 1

/* Off for whole datagrams, on for fragments; see outer.c and input.c. */
#define LWIP_CHECKSUM_CTRL_PER_NETIF 1

#define LWIP_STATS 1
#define LWIP_STATS_DISPLAY 0
#define LWIP_STATS_LARGE 1
#define LINK_STATS 0
#define ETHARP_STATS 0
#define IP_STATS 0
#define IPFRAG_STATS 0
#define ICMP_STATS 0
#define UDP_STATS 0
#define IP6_STATS 0
#define ICMP6_STATS 0
#define IP6_FRAG_STATS 0
#define ND6_STATS 0
#define SYS_STATS 0
#define MEM_STATS 1
#define MEMP_STATS 1

#endif

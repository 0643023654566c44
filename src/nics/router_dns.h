/* The name servers that IPv6 routers have advertised, for as long as they said. */
#ifndef NICS_ROUTER_DNS_H
#define NICS_ROUTER_DNS_H

#include <linux/netlink.h>

#include "nics/resolv.h"

struct router_dns {
	struct router_server {
		struct network_dns server;
		char nic[IFNAMSIZ]; /* that it came by */
		uint64_t until_ns; /* UINT64_MAX: for ever */
	} list[NETWORK_DNS_MAX]; /* the first that came */
	size_t count;
};

/* A message of a monitor, of whatever kind. */
void router_dns_take(struct router_dns *routers, const struct nlmsghdr *message, uint64_t now_ns);

/* Those go whose time is over, or whose NIC listens to routers no more. When the next one does; 0: none. */
uint64_t router_dns_expire(struct router_dns *routers, uint64_t now_ns);
void router_dns_add(const struct router_dns *routers, struct resolv_others *others);

#endif

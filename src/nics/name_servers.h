/* Whom this host asks for names: network.conf's servers, then those of leases, then those that IPv6 routers advertise. */
#ifndef NICS_NAME_SERVERS_H
#define NICS_NAME_SERVERS_H

#include "nics/dhcp_state.h"
#include "nics/router_dns.h"

struct name_servers {
	struct router_dns routers;
	struct resolv_others others; /* that network.conf does not name */
	const struct network_conf *conf;
	const struct dhcp *dhcp;
	struct loop_timer expire;
};

int name_servers_message(const struct nlmsghdr *message, void *servers); /* of a monitor; name_servers_follow is due */

/* Writes down who they are now. Both are borrowed until the next call. */
void name_servers_follow(struct name_servers *servers, const struct network_conf *conf, const struct dhcp *dhcp, uint64_t now_ns);

#endif

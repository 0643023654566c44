/* DHCP on the NICs that network.conf says: a dhcpcd for each, which asks and sets nothing; what it is told comes in as leases, that
 * nics_apply puts onto the NICs as it does what the file says. A lease stays in use until a server gives another one: sessions do not
 * end because a server is gone. The last ones are kept for the next boot. */
#ifndef NICS_DHCP_H
#define NICS_DHCP_H

#include "nics/dhcp_state.h"

#define DHCP_CLIENT "/sbin/dhcpcd"

/* program is set before. Reads what was in use before this service was started again, and what is kept. loop and the strings are
 * borrowed for good. */
void dhcp_open(struct dhcp *dhcp, struct loop *loop, const char *run_dir, const char *state_dir,
	       void (*changed)(struct dhcp *dhcp));
void dhcp_close(struct dhcp *dhcp);

/* Behind nics_apply: clients for the NICs that are to have one, and for no others. name: of this host, "": what the
 * kernel has. */
void dhcp_fit(struct dhcp *dhcp, struct nl *nl, const struct network_conf *conf, const char *name, uint64_t now_ns);

#endif

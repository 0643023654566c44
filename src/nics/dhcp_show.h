/* A NIC's leases, as lines of `network`. */
#ifndef NICS_DHCP_SHOW_H
#define NICS_DHCP_SHOW_H

#include "control/server.h"
#include "nics/dhcp_state.h"

void dhcp_show(const struct dhcp *dhcp, const char *nic, struct control_call *call, uint64_t now_ns); /* none for one that does not ask */

#endif

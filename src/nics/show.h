/* What `network` prints: every NIC, or one of them with all that is known. */
#ifndef NICS_SHOW_H
#define NICS_SHOW_H

#include "conf/network.h"
#include "control/server.h"
#include "netlink/netlink.h"
#include "nics/lldp.h"

/* conf NULL: no set runs. only: the NIC that is asked for, NULL: all. Ends the call. */
void nics_show(struct nl *nl, const struct network_conf *conf, const struct lldp *lldp, const char *only, struct control_call *call,
	       uint64_t now_ns);

#endif

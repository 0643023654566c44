/* What `network` prints: every NIC, or one of them with all that is known. */
#ifndef NICS_SHOW_H
#define NICS_SHOW_H

#include "conf/network.h"
#include "control/server.h"
#include "netlink/netlink.h"
#include "nics/dhcp_state.h"
#include "nics/lldp.h"
#include "nics/resolv.h"

struct nics_shown {
	const struct network_conf *conf; /* what runs, NULL: nothing does */
	const struct lldp *lldp;
	const struct dhcp *dhcp;
	const struct resolv_others *others;
};

/* only: the NIC that is asked for, NULL: all. Ends the call. */
void nics_show(struct nl *nl, const struct nics_shown *shown, const char *only, struct control_call *call, uint64_t now_ns);

#endif

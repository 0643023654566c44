/* The NICs for people: what and where each is, what it has, and which [Match] it has that from. */
#ifndef NICS_SHOW_H
#define NICS_SHOW_H

#include "conf/network.h"
#include "control/server.h"
#include "netlink/netlink.h"
#include "nics/dhcp_state.h"
#include "nics/resolv.h"

/* Answers the call. conf is what runs, NULL: nothing does. */
void nics_show(struct nl *nl, const struct network_conf *conf, const struct dhcp *dhcp, const struct resolv_others *others,
	       struct control_call *call);

#endif

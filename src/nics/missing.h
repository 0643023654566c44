/* What network.conf wants of NICs, and is not there once they had time to come: told in the log. */
#ifndef NICS_MISSING_H
#define NICS_MISSING_H

#include "conf/network.h"
#include "netlink/netlink.h"

void missing_tell(struct nl *nl, const struct network_conf *conf, unsigned waited_s);

#endif

/* The name servers of network.conf, and behind them those of leases, for the C library's resolver. */
#ifndef NICS_RESOLV_H
#define NICS_RESOLV_H

#include "conf/network.h"

void resolv_write(const struct network_conf *conf, const struct inet_addr *leased, size_t leased_count); /* what cannot be written is told in the log */

#endif

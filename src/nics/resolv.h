/* The name servers of network.conf, for the C library's resolver. */
#ifndef NICS_RESOLV_H
#define NICS_RESOLV_H

#include "conf/network.h"

void resolv_write(const struct network_conf *conf); /* what cannot be written is told in the log */

#endif

/* network.conf against the NICs that are there. */
#ifndef CONF_NICS_H
#define CONF_NICS_H

#include "conf/set.h"

void nics_check(const struct network_conf *network, const struct conf_facts *facts, struct diag *diag);

#endif

/* What two peers cannot both have: a public key, an address. */
#ifndef CONF_OVERLAP_H
#define CONF_OVERLAP_H

#include "conf/vpn.h"

void overlap_keys(const struct vpn_conf *conf, struct diag *diag);
void overlap_addresses(const struct vpn_conf *conf, struct diag *diag);

#endif

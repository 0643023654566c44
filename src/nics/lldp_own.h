/* What we say of ourselves by LLDP: the machine, the NIC, and an address at which it is managed. */
#ifndef NICS_LLDP_OWN_H
#define NICS_LLDP_OWN_H

#include "network/lldp.h"
#include "network/nics.h"

/* For nics->list[at]. run_dir: where the instance's name is, for a machine that has none. 0 or -errno. */
int lldp_own_make(struct nl *nl, const struct nics *nics, size_t at, const char *run_dir, struct lldp_own *own);

#endif

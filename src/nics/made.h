/* What a bond or a VLAN is made of, and what of it works, as `network` shows it. */
#ifndef NICS_MADE_H
#define NICS_MADE_H

#include "base/wrap.h"
#include "network/nics.h"

/* Lines for a link, as around_print has them: none for a NIC that is no port. */
void made_print(struct nl *nl, const struct nics *nics, const struct link *link, wrap_line_fn *line, void *arg);

#endif

/* What is around a NIC: where it leads, who is on its link, what was lost on it. A few lines of however much there is. */
#ifndef NICS_AROUND_H
#define NICS_AROUND_H

#include <stdint.h>

#include "base/wrap.h"
#include "netlink/netlink.h"

/* AROUND_LABEL: columns of what each line begins with. */
enum { AROUND_ROUTES = 8, AROUND_NEIGHBOURS = 6, AROUND_LABEL = 11 };

/* Lines that begin as those of nics/show do. */
void around_print(struct nl *nl, uint32_t index, uint32_t carrier_losses, wrap_line_fn *line, void *arg);

#endif

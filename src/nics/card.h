/* A NIC's hardware, as it is set: driver and place, speed, rings, offloads. */
#ifndef NICS_CARD_H
#define NICS_CARD_H

#include "base/wrap.h"
#include "network/hardware.h"
#include "network/nics.h"

/* Lines as around_print has them. whole: also what it cannot do. */
void card_print(const struct nics *nics, const struct link *link, const struct nic_hardware *hardware, bool whole, wrap_line_fn *line,
		void *arg);

/* Pure: two ports of one card, by their paths: functions of one PCI device, or ports of one function. */
bool card_is_same(const struct nic_hardware *a, const struct nic_hardware *b);

#endif

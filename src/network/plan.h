/* What a network.conf makes, and of the addresses of the NICs, in lines for the one who is about to apply it. */
#ifndef NETWORK_PLAN_H
#define NETWORK_PLAN_H

#include "network/claimed.h"
#include "network/leases.h"

enum { NICS_PLAN_MAX = 20 }; /* lines; the others are counted */

/* Calls line for each, without newline. leases: NULL, there are none. before: what ran, NULL: nothing. last: no NIC has an address then. claimed: what
 * others have of it. What cannot be told is left out. */
void nics_plan_lines(struct nl *nl, const struct network_conf *conf, const struct leases *leases, const struct network_conf *before,
		     bool last, const struct claimed *claimed, void (*line)(void *arg, const char *text), void *arg);

#endif

/* What of the host the files count on: NICs that a [Match] fits, routes to the endpoints, a name for the interface. */
#ifndef CONF_REACH_H
#define CONF_REACH_H

#include "conf/set.h"

void reach_nics(const struct network_conf *network, const struct conf_facts *facts, struct diag *diag);
void reach_endpoints(const struct conf_set *set, const struct conf_facts *facts, struct diag *diag);
void reach_device(const struct conf_set *set, const struct conf_facts *facts, struct diag *diag);

#endif

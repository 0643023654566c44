/* What the host of an instance is called. */
#ifndef CONF_HOSTNAME_H
#define CONF_HOSTNAME_H

#include "conf/set.h"

/* As .env says; else the name behind our own [Peer], with a hyphen for what a host's name cannot have (RFC 1123); "" when there is
 * neither. dst may be the set's own. */
void hostname_of(const struct conf_set *set, char dst[static ENV_HOSTNAME_LEN]);

#endif

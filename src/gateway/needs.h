/* What a container must be given for a path, and how its compose file says so. */
#ifndef GATEWAY_NEEDS_H
#define GATEWAY_NEEDS_H

#include <stddef.h>

#include "netlink/netlink.h"

/* backend: as in backend_look. 0, or -errno with the words for what is missing. */
int needs_look(const char *backend, struct nl *host, char *words, size_t cap);

#endif

/* What the packet process would need rights for: who has them does it. */
#ifndef ENGINE_RIGHTS_H
#define ENGINE_RIGHTS_H

#include "base/inet.h"
#include "outer/host.h"
#include "outer/placeholder.h"

/* What takes a right of the system, for a process that has none of its own. */
struct engine_rights {
	/* As in struct outer_host. */
	int (*open_link)(void *arg, const struct outer_link *link, uint16_t port);
	int (*open_port)(void *arg, uint16_t port, bool merge, struct placeholder *placeholder);
	/* As neigh_use(), and what comes of it is told by the kernel alone: 0 or -errno. */
	int (*use_neighbour)(uint32_t index, const struct inet_addr *addr);
};

#endif

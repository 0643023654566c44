/* WireGuard on lwIP: an interface with its core, its outer side and the socket that wg(8) finds it by. */
#ifndef ENGINE_LWIP_H
#define ENGINE_LWIP_H

#include "engine/rights.h"
#include "tunnel/tunnel.h"
#include "wg/wg.h"

/* Opened and closed as a backend's: all else is set, and asked for, over its sockets. */
extern const struct tunnel_ops tunnel_lwip;

/* Before it is opened: who does what takes a right; NULL: this process. Borrowed for good. */
void lwip_use(const struct engine_rights *rights);

struct wg_device *lwip_device(void); /* while it is open */
void lwip_when_gone(void (*gone)(void)); /* called once, when its interface was deleted, wherever it was by then */
/* They take the place of those before; borrowed while they hold. */
void lwip_set_nics(struct tunnel *tunnel, const struct tunnel_nic *nics, size_t count);

#endif

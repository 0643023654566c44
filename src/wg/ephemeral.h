/* A device's ephemeral keys: made while nothing waits, used once, wiped when old. */
#ifndef WG_EPHEMERAL_H
#define WG_EPHEMERAL_H

#include "wg/device.h"

/* One that no one else gets; made now if none is there. False: host->random failed. Wipe it. */
bool ephemeral_take(struct wg_device *device, struct noise_ephemeral *ephemeral, uint64_t now_ns);
void ephemerals_forget_old(struct wg_device *device, uint64_t now_ns);
void ephemerals_forget(struct wg_device *device);
uint64_t ephemerals_due_ns(const struct wg_device *device); /* when the oldest is to go, or WG_NEVER */

#endif

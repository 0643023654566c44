/* Moves packets between the TUN, the core and the outer side, in batches, and wakes the core when it is due. One per process,
 * as there is one outer/. */
#ifndef ENGINE_PACKETS_H
#define ENGINE_PACKETS_H

#include "base/loop.h"
#include "engine/tun.h"
#include "wg/wg.h"

/* The core's ways out: over the outer side, while that is open. */
extern const struct wg_host packets_host;

/* Both are borrowed, and open until packets_close; gone is called once, when the TUN's interface was deleted. 0 or -errno. */
int packets_open(struct loop *loop, struct wg_device *device, struct tun *tun, void (*gone)(void));
void packets_close(void); /* also when not open */

void packets_set_mtu(uint32_t mtu_bytes); /* of the inner interface */
/* The core's next deadline; called after whatever may have moved it. */
void packets_arm(void);

/* For struct outer_host. */
bool packets_have_sent(void *arg, const struct inet_endpoint *to, const uint8_t *bytes, size_t len);
void packets_came(void *arg, const struct inet_flow *from, uint8_t ds, uint8_t *bytes, size_t len, size_t segment_len,
		  uint64_t now_ns);
void packets_batch_over(void *arg, uint64_t now_ns);

#endif

/* Sealed packets that lie one behind the other and go to one peer: they leave as one super-frame. */
#ifndef ENGINE_SUPERFRAME_H
#define ENGINE_SUPERFRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/inet.h"
#include "wg/wg.h"

struct superframe {
	const struct wg_peer *peer;
	struct inet_flow to;
	uint8_t ds;
	const uint8_t *bytes; /* of the first, and all that follow; borrowed until outer_flush */
	size_t len, segment_len, count;
	bool closed; /* its last one is shorter, so it is the last */
};

/* frame is zeros at first. One that cannot join sends what is there and begins anew. What cannot be sent is lost, as in any
 * network. */
void superframe_add(struct superframe *frame, const struct wg_view *view, uint64_t now_ns);
void superframe_send(struct superframe *frame, uint64_t now_ns); /* also when nothing is there */

#endif

#include "engine/superframe.h"

#include <assert.h>

#include "engine/tun.h"
#include "outer/outer.h"

static_assert((int)TUN_GSO_SEGMENTS <= (int)OUTER_SEGMENT_MAX &&
	      TUN_GSO_SIZE + TUN_GSO_SEGMENTS * (WG_HEADROOM + WG_TAILROOM) <= (int)OUTER_LEN_MAX,
	      "one super-packet, sealed, is one super-frame");

void superframe_send(struct superframe *frame, uint64_t now_ns)
{
	if (frame->count)
		(void)outer_send(&frame->to, frame->ds, frame->bytes, frame->len, frame->segment_len, now_ns);
	frame->count = 0;
}

void superframe_add(struct superframe *frame, const struct wg_view *view, uint64_t now_ns)
{
	bool joins = frame->count && frame->count < OUTER_SEGMENT_MAX && !frame->closed &&
		     view->bytes == frame->bytes + frame->len && view->len <= frame->segment_len &&
		     frame->len + view->len <= OUTER_LEN_MAX && view->peer == frame->peer && view->ds == frame->ds;

	if (!joins) {
		superframe_send(frame, now_ns);
		*frame = (struct superframe){ .peer = view->peer, .to = *view->to, .ds = view->ds, .bytes = view->bytes,
					      .segment_len = view->len };
	}
	frame->len += view->len;
	frame->count++;
	frame->closed = view->len < frame->segment_len;
}

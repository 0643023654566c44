/* What a device tells of itself; nothing changes by it. */
#include <string.h>

#include "wg/device.h"

struct wg_peer *wg_peer_next(struct wg_device *d, const struct wg_peer *p)
{
	for (uint16_t i = p ? (uint16_t)(p->id + 1) : 0; i < d->peer_top; i++)
		if (d->peers[i].live)
			return &d->peers[i];
	return NULL;
}

void wg_peer_info(const struct wg_device *d, const struct wg_peer *p, struct wg_peer_info *info)
{
	*info = (struct wg_peer_info){
		.endpoint = p->flow.remote,
		.keepalive_s = p->keepalive_s,
		.received_bytes = p->received_bytes,
		.sent_bytes = p->sent_bytes,
		.handshake = p->shaken,
		.allowed_count = d->allowed.lists[p->id].count,
		.staged_count = d->staged.queues[p->id].count,
	};
	memcpy(info->public_key, p->remote.public_key, WG_KEY_LEN);
	memcpy(info->preshared_key, p->remote.preshared_key, WG_KEY_LEN);
}

bool wg_peer_allowed(const struct wg_device *d, const struct wg_peer *p, uint32_t *cursor, struct inet_prefix *prefix)
{
	/* One above the node last told of. */
	uint16_t node = *cursor ? (uint16_t)(*cursor - 1) : ALLOWED_NONE;

	if (!allowedips_next(&d->allowed, p->id, &node, prefix))
		return false;
	*cursor = node + 1U;
	return true;
}

const struct wg_counters *wg_counters(const struct wg_device *d)
{
	return &d->guard.counters;
}

const struct wg_peer_counters *wg_peer_counters(const struct wg_device *d, const struct wg_peer *p)
{
	return &d->told[p->id];
}

bool wg_under_load(const struct wg_device *d, uint64_t now_ns)
{
	return load_is_high(&d->guard.load, now_ns);
}

uint64_t wg_rest_ns(const struct wg_device *d, uint64_t now_ns)
{
	return load_rest_ns(&d->guard.load, now_ns);
}

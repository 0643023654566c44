/* What a device tells of itself; nothing changes by it. */
#include <string.h>

#include "wg/device.h"
#include "wg/stamp.h"

size_t wg_peer_count(const struct wg_device *d)
{
	return d->peer_count;
}

struct wg_peer *wg_peer_next(struct wg_device *d, const struct wg_peer *p)
{
	for (uint16_t i = p ? (uint16_t)(p->id + 1) : 0; i < d->peer_top; i++)
		if (d->peers[i].live)
			return &d->peers[i];
	return NULL;
}

struct wg_peer *wg_peer_find(struct wg_device *d, const uint8_t public_key[static WG_KEY_LEN])
{
	return device_find(d, public_key);
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

const uint8_t *wg_peer_key(const struct wg_peer *p)
{
	return p->remote.public_key;
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

struct wg_peer *wg_route(struct wg_device *d, const struct inet_addr *addr)
{
	uint16_t id = allowedips_find(&d->allowed, addr->family == AF_INET6, addr->bytes);

	return id == ALLOWED_NONE ? NULL : &d->peers[id];
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

const char *wg_verdict_text(enum wg_verdict verdict)
{
	static const char *const text[WG_VERDICTS] = {
		[WG_DATA] = "data",
		[WG_KEEPALIVE] = "keepalive",
		[WG_HANDSHAKE] = "handshake",
		[WG_SEALED] = "sealed",
		[WG_STAGED] = "staged",
		[WG_DROP_TYPE] = "unknown message",
		[WG_DROP_LENGTH] = "wrong length",
		[WG_DROP_DOWN] = "interface down",
		[WG_DROP_IDENTITY] = "no private key",
		[WG_DROP_MAC1] = "wrong mac1",
		[WG_DROP_COOKIE] = "under load, cookie sent",
		[WG_DROP_RATE] = "under load, too many",
		[WG_DROP_INDEX] = "unknown index",
		[WG_DROP_AGE] = "session too old",
		[WG_DROP_TAG] = "not authentic",
		[WG_DROP_REPLAY] = "replayed",
		[WG_DROP_PEER] = "unknown peer",
		[WG_DROP_AGAIN] = "replayed initiation",
		[WG_DROP_STAMP] = "stamp from behind",
		[WG_DROP_FLOOD] = "initiations too fast",
		[WG_DROP_SOURCE] = "source not allowed",
		[WG_DROP_INNER] = "malformed inner packet",
		[WG_DROP_RANDOM] = "no random bytes",
		[WG_NO_PEER] = "no peer for destination",
		[WG_NO_ENDPOINT] = "peer without endpoint",
		[WG_NOT_IP] = "not an IP packet",
		[WG_TOO_LONG] = "too long to stage",
	};

	return (unsigned)verdict < WG_VERDICTS ? text[verdict] : "?";
}

void wg_stamp_sent(const struct wg_device *d, uint8_t stamp[static WG_STAMP_LEN])
{
	memcpy(stamp, d->stamp_floor, WG_STAMP_LEN);
	for (uint16_t i = 0; i < d->peer_top; i++)
		if (d->peers[i].live)
			stamp_raise_to(stamp, d->peers[i].stamp_sent);
}

void wg_peer_stamp_seen(const struct wg_peer *p, uint8_t stamp[static WG_STAMP_LEN])
{
	memcpy(stamp, p->stamp_seen, WG_STAMP_LEN);
}

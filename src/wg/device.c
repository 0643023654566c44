#include "wg/device.h"

#include <errno.h>
#include <string.h>

#include "base/bytes.h"
#include "crypto/x25519.h"
#include "wg/handshake.h"
#include "wg/output.h"

/* ---- the arena ---- */

static struct wg_limits with_defaults(const struct wg_limits *given)
{
	struct wg_limits l = *given;

	l.peers = l.peers ? l.peers : 1024;
	l.prefixes = l.prefixes ? l.prefixes : 4096;
	l.staged = l.staged ? l.staged : 1024;
	l.packet_len_max = l.packet_len_max ? l.packet_len_max : 1500;
	l.handshake_budget_ms = l.handshake_budget_ms ? l.handshake_budget_ms : WG_HANDSHAKE_BUDGET_MS;
	return l;
}

static bool limits_are_sane(const struct wg_limits *l)
{
	return l->peers <= 8192 && l->prefixes <= 30000 && l->staged <= 60000 && l->packet_len_max <= 65535 &&
	       l->handshake_budget_ms <= 1000;
}

/* A part of the arena; with base NULL the offset alone is counted. */
static void *part(uint8_t *base, size_t *offset, size_t count, size_t size)
{
	void *p = base ? base + *offset : NULL;

	*offset += (count * size + WG_ARENA_ALIGN - 1) / WG_ARENA_ALIGN * WG_ARENA_ALIGN;
	return p;
}

static size_t lay_out(struct wg_device *d, const struct wg_limits *l, uint8_t *base)
{
	size_t at = 0, index_count = index_entries(l->peers), bucket_count = index_count / INDEX_PER_PEER;
	struct allowed_node *nodes;
	struct allowed_list *lists;

	part(base, &at, 1, sizeof(*d));
	d->buckets = part(base, &at, bucket_count, sizeof(*d->buckets));
	d->bucket_mask = bucket_count - 1;
	d->index.entries = part(base, &at, index_count, sizeof(*d->index.entries));
	d->index.mask = index_count - 1;
	nodes = part(base, &at, 2 * l->prefixes, sizeof(*nodes));
	lists = part(base, &at, l->peers, sizeof(*lists));
	allowedips_init(&d->allowed, nodes, lists, l->prefixes);
	d->timers.peers = part(base, &at, l->peers, sizeof(*d->timers.peers));
	d->timers.heap = part(base, &at, l->peers, sizeof(*d->timers.heap));
	d->ratelimit = part(base, &at, 1, sizeof(*d->ratelimit));
	d->staged.stride = staged_stride(l->packet_len_max);
	d->staged.packet_len_max = l->packet_len_max;
	d->staged.slot_count = l->staged;
	d->staged.free = d->staged.oldest = d->staged.newest = STAGED_NONE;
	d->staged.slots = part(base, &at, l->staged, sizeof(*d->staged.slots));
	d->staged.queues = part(base, &at, l->peers, sizeof(*d->staged.queues));
	d->peers = part(base, &at, l->peers, sizeof(*d->peers));
	d->staged.bytes = part(base, &at, l->staged, d->staged.stride);
	return at;
}

size_t wg_arena_len(const struct wg_limits *given)
{
	struct wg_limits limits = with_defaults(given);
	struct wg_device layout = { 0 };

	return limits_are_sane(&limits) ? lay_out(&layout, &limits, NULL) : 0;
}

int wg_init(struct wg_device **device, void *arena, size_t arena_len, const struct wg_limits *given,
	    const struct wg_host *host)
{
	struct wg_limits limits = with_defaults(given);
	struct wg_device *d = arena;
	int err;

	if (!limits_are_sane(&limits) || !arena || (uintptr_t)arena % WG_ARENA_ALIGN || !host->send || !host->random ||
	    !host->wall || arena_len < wg_arena_len(given))
		return -EINVAL;
	d->arena_len = lay_out(d, &limits, arena);
	d->limits = limits;
	d->host = *host;
	d->peer_free = PEER_NONE;
	memset(d->buckets, 0xff, (d->bucket_mask + 1) * sizeof(*d->buckets));
	d->guard.load.budget_ns = limits.handshake_budget_ms * NS_PER_MS;
	err = host->random(host->arg, &d->bucket_seed, sizeof(d->bucket_seed));
	if (!err)
		err = host->random(host->arg, &d->jitter, sizeof(d->jitter));
	if (!err)
		err = host->random(host->arg, d->ratelimit->seed, sizeof(d->ratelimit->seed));
	if (err)
		return err;
	*device = d;
	return 0;
}

void wg_close(struct wg_device *d)
{
	size_t used = (size_t)(d->staged.bytes - (uint8_t *)d) + d->staged.top * d->staged.stride;

	wipe(d, used);
}

void wg_set_mtu(struct wg_device *d, size_t mtu_bytes)
{
	d->mtu_bytes = mtu_bytes;
}

/* ---- what the other files of the room ask of it ---- */

uint64_t device_jitter_ns(struct wg_device *d)
{
	uint64_t x = d->jitter += UINT64_C(0x9e3779b97f4a7c15); /* splitmix64 */

	x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
	return (x ^ x >> 31) % (REKEY_JITTER_MAX_MS * NS_PER_MS);
}

bool device_new_index(struct wg_device *d, const struct wg_peer *p, uint8_t slot, uint32_t *index)
{
	do {
		if (d->host.random(d->host.arg, index, sizeof(*index)) < 0)
			return false;
	} while (!index_insert(&d->index, *index, p->id, slot));
	return true;
}

void device_event(const struct wg_device *d, struct wg_peer *p, enum wg_event event)
{
	if (d->host.event)
		d->host.event(d->host.arg, p, event);
}

bool peer_follow(struct wg_peer *p, const struct inet_flow *from)
{
	bool roamed = p->flow.remote.addr.family && !inet_endpoint_equal(&p->flow.remote, &from->remote);

	p->flow = *from;
	return roamed;
}

void peer_stop_initiating(struct wg_device *d, struct wg_peer *p)
{
	if (p->initiating)
		index_remove(&d->index, p->initiation_index);
	p->initiating = false;
	wipe(&p->handshake, sizeof(p->handshake));
}

/* ---- TAI64N ---- */

enum { STAMP_STEP_NS = 1 << 24 }; /* no finer than initiations are taken: it would tell more of us than is needed */

void wg_stamp(uint8_t stamp[static WG_STAMP_LEN], struct wg_wall wall)
{
	store_be64(stamp, UINT64_C(0x400000000000000a) + (uint64_t)wall.s);
	store_be32(stamp + 8, wall.ns / STAMP_STEP_NS * STAMP_STEP_NS);
}

static bool stamp_is_zero(const uint8_t stamp[static WG_STAMP_LEN])
{
	static const uint8_t zero[WG_STAMP_LEN];

	return !memcmp(stamp, zero, WG_STAMP_LEN);
}

static void raise_above(uint8_t stamp[static WG_STAMP_LEN], const uint8_t floor[static WG_STAMP_LEN])
{
	uint64_t s = load_be64(floor);
	uint32_t ns = load_be32(floor + 8);

	if (stamp_is_zero(floor) || memcmp(stamp, floor, WG_STAMP_LEN) > 0)
		return;
	ns = (ns / STAMP_STEP_NS + 1) * STAMP_STEP_NS;
	if (ns >= NS_PER_S) {
		ns = 0;
		s++;
	}
	store_be64(stamp, s);
	store_be32(stamp + 8, ns);
}

static void raise_to(uint8_t stamp[static WG_STAMP_LEN], const uint8_t other[static WG_STAMP_LEN])
{
	if (memcmp(other, stamp, WG_STAMP_LEN) > 0)
		memcpy(stamp, other, WG_STAMP_LEN);
}

void device_stamp(struct wg_device *d, struct wg_peer *p, uint8_t stamp[static WG_STAMP_LEN])
{
	wg_stamp(stamp, d->host.wall(d->host.arg));
	raise_above(stamp, d->stamp_floor);
	raise_above(stamp, p->stamp_sent);
}

void wg_stamp_sent(const struct wg_device *d, uint8_t stamp[static WG_STAMP_LEN])
{
	memcpy(stamp, d->stamp_floor, WG_STAMP_LEN);
	for (uint16_t i = 0; i < d->peer_top; i++)
		if (d->peers[i].live)
			raise_to(stamp, d->peers[i].stamp_sent);
}

void wg_set_stamp_sent(struct wg_device *d, const uint8_t stamp[static WG_STAMP_LEN])
{
	raise_to(d->stamp_floor, stamp);
}

void wg_peer_stamp_seen(const struct wg_peer *p, uint8_t stamp[static WG_STAMP_LEN])
{
	memcpy(stamp, p->stamp_seen, WG_STAMP_LEN);
}

void wg_peer_set_stamp_seen(struct wg_peer *p, const uint8_t stamp[static WG_STAMP_LEN])
{
	raise_to(p->stamp_seen, stamp);
}

/* ---- peers ---- */

static uint16_t *bucket(const struct wg_device *d, const uint8_t public_key[static WG_KEY_LEN])
{
	uint64_t x = (load_le64(public_key) ^ d->bucket_seed) * UINT64_C(0x9e3779b97f4a7c15);

	return &d->buckets[(x >> 32) & d->bucket_mask];
}

struct wg_peer *device_find(struct wg_device *d, const uint8_t public_key[static WG_KEY_LEN])
{
	for (uint16_t id = *bucket(d, public_key); id != PEER_NONE; id = d->peers[id].hash_next)
		if (!memcmp(d->peers[id].remote.public_key, public_key, WG_KEY_LEN))
			return &d->peers[id];
	return NULL;
}

static struct wg_peer *create(struct wg_device *d, const uint8_t public_key[static WG_KEY_LEN])
{
	uint16_t *head = bucket(d, public_key), id = d->peer_free;
	struct wg_peer *p;

	if (id != PEER_NONE)
		d->peer_free = d->peers[id].hash_next;
	else
		id = d->peer_top++;
	p = &d->peers[id];
	p->id = id;
	p->live = true;
	p->hash_next = *head;
	*head = id;
	memcpy(p->remote.public_key, public_key, WG_KEY_LEN);
	keypairs_init(&p->keypairs);
	noise_precompute(&p->remote, &d->identity);
	cookie_jar_set_key(&p->jar, public_key);
	timers_add_peer(&d->timers, id);
	allowedips_add_peer(&d->allowed, id);
	staged_add_peer(&d->staged, id);
	d->peer_count++;
	return p;
}

static void destroy(struct wg_device *d, struct wg_peer *p)
{
	uint16_t id = p->id, *link = bucket(d, p->remote.public_key);

	peer_stop_initiating(d, p);
	keypairs_clear(&p->keypairs, &d->index);
	timers_remove_peer(&d->timers, id);
	allowedips_remove_peer(&d->allowed, id);
	d->guard.counters.staged_dropped += staged_purge(&d->staged, id);
	raise_to(d->stamp_floor, p->stamp_sent); /* it may come back */
	while (*link != id)
		link = &d->peers[*link].hash_next;
	*link = p->hash_next;
	wipe(p, sizeof(*p));
	p->id = id;
	p->hash_next = d->peer_free;
	d->peer_free = id;
	d->peer_count--;
}

/* Every way to fail, before anything is changed. */
static int check_change(const struct wg_device *d, const struct wg_peer *p, const struct wg_peer_change *c)
{
	bool replace = c->flags & WG_PEER_REPLACE_ALLOWED;
	size_t count = d->allowed.prefix_count;

	if (!p && c->flags & WG_PEER_UPDATE_ONLY)
		return -ENOENT;
	if (c->endpoint && c->endpoint->addr.family != AF_INET && c->endpoint->addr.family != AF_INET6)
		return -EINVAL;
	for (size_t i = 0; i < c->allowed_count; i++)
		if (!allowedips_prefix_is_valid(&c->allowed[i]))
			return -EINVAL;
	if (!p && d->peer_count == d->limits.peers)
		return -ENOSPC;
	if (p && replace)
		count -= d->allowed.lists[p->id].count;
	count += allowedips_needed(&d->allowed, p ? p->id : ALLOWED_NONE, replace, c->allowed, c->allowed_count);
	return count > d->limits.prefixes ? -ENOSPC : 0;
}

int wg_set_peer(struct wg_device *d, const struct wg_peer_change *c, uint64_t now_ns)
{
	struct wg_peer *p = device_find(d, c->public_key);
	bool wake = false;
	int err;

	if (d->identity.known && !memcmp(c->public_key, d->identity.public_key, WG_KEY_LEN))
		return 0;
	err = check_change(d, p, c);
	if (err < 0)
		return err;
	if (!p)
		p = create(d, c->public_key);
	if (c->preshared_key)
		memcpy(p->remote.preshared_key, c->preshared_key, WG_KEY_LEN);
	if (c->endpoint) {
		wake = !p->flow.remote.addr.family && p->keepalive_s;
		p->flow = (struct inet_flow){ .remote = *c->endpoint };
	}
	if (c->flags & WG_PEER_REPLACE_ALLOWED)
		allowedips_remove_peer(&d->allowed, p->id);
	for (size_t i = 0; i < c->allowed_count; i++)
		allowedips_insert(&d->allowed, &c->allowed[i], p->id);
	if (c->flags & WG_PEER_SET_KEEPALIVE) {
		wake = wake || (!p->keepalive_s && c->keepalive_s);
		p->keepalive_s = c->keepalive_s;
		timer_clear(&d->timers, p->id, TIMER_PERSISTENT);
		peer_traversed(d, p, now_ns);
	}
	if (wake)
		peer_send_keepalive(d, p, now_ns);
	else
		peer_send_staged(d, p, now_ns);
	return 0;
}

int wg_remove_peer(struct wg_device *d, const uint8_t public_key[static WG_KEY_LEN])
{
	struct wg_peer *p = device_find(d, public_key);

	if (!p)
		return -ENOENT;
	destroy(d, p);
	return 0;
}

void wg_remove_peers(struct wg_device *d)
{
	for (uint16_t i = 0; i < d->peer_top; i++)
		if (d->peers[i].live)
			destroy(d, &d->peers[i]);
}

/* ---- our own key ---- */

static void set_identity(struct wg_device *d, const uint8_t private_key[static WG_KEY_LEN])
{
	wipe(&d->identity, sizeof(d->identity));
	if (key_is_zero(private_key))
		return;
	memcpy(d->identity.private_key, private_key, WG_KEY_LEN);
	x25519_clamp(d->identity.private_key);
	x25519_public(d->identity.public_key, d->identity.private_key);
	d->identity.known = true;
	cookie_checker_set_key(&d->checker, d->identity.public_key);
}

void wg_set_private_key(struct wg_device *d, const uint8_t private_key[static WG_KEY_LEN], uint64_t now_ns)
{
	struct noise_identity old = d->identity;

	set_identity(d, private_key);
	if (old.known == d->identity.known && ct_equal(old.private_key, d->identity.private_key, WG_KEY_LEN))
		goto out;
	if (d->identity.known)
		(void)wg_remove_peer(d, d->identity.public_key);
	for (uint16_t i = 0; i < d->peer_top; i++) {
		struct wg_peer *p = &d->peers[i];

		if (!p->live)
			continue;
		noise_precompute(&p->remote, &d->identity);
		peer_stop_initiating(d, p);
		keypairs_stop_sending(&p->keypairs);
		p->quiet_until_ns = 0;
		if (!old.known && p->keepalive_s)
			peer_send_keepalive(d, p, now_ns);
		else
			peer_send_staged(d, p, now_ns);
	}
out:
	wipe(&old, sizeof(old));
}

bool wg_private_key(const struct wg_device *d, uint8_t private_key[static WG_KEY_LEN])
{
	memcpy(private_key, d->identity.private_key, WG_KEY_LEN);
	return d->identity.known;
}

bool wg_public_key(const struct wg_device *d, uint8_t public_key[static WG_KEY_LEN])
{
	memcpy(public_key, d->identity.public_key, WG_KEY_LEN);
	return d->identity.known;
}

/* ---- the inner interface ---- */

static void peer_comes_up(struct wg_device *d, struct wg_peer *p, uint64_t now_ns)
{
	if (p->keepalive_s)
		peer_send_keepalive(d, p, now_ns);
	else
		peer_send_staged(d, p, now_ns);
}

static void peer_goes_down(struct wg_device *d, struct wg_peer *p)
{
	d->guard.counters.staged_dropped += staged_purge(&d->staged, p->id);
	for (unsigned timer = 0; timer < TIMERS; timer++)
		timer_clear(&d->timers, p->id, (enum timer)timer);
	peer_stop_initiating(d, p);
	keypairs_clear(&p->keypairs, &d->index);
	p->quiet_until_ns = 0;
	p->need_another_keepalive = p->sent_lastminute = false;
}

void wg_set_up(struct wg_device *d, bool up, uint64_t now_ns)
{
	bool was_up = d->up;

	d->up = up;
	for (uint16_t i = 0; i < d->peer_top && up != was_up; i++) {
		if (!d->peers[i].live)
			continue;
		if (up)
			peer_comes_up(d, &d->peers[i], now_ns);
		else
			peer_goes_down(d, &d->peers[i]);
	}
}

/* ---- looking at it ---- */

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
		[WG_DROP_STAMP] = "replayed initiation",
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

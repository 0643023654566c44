#include "wg/device.h"

#include <errno.h>
#include <string.h>

#include "base/bytes.h"
#include "wg/stamp.h"

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
	d->told = part(base, &at, l->peers, sizeof(*d->told));
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
	load_open(&d->guard.load, limits.handshake_budget_ms * NS_PER_MS);
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

void device_note_stranger(struct wg_stranger *stranger, const struct inet_flow *from, const uint8_t *public_key,
			  uint64_t now_ns)
{
	*stranger = (struct wg_stranger){ .from = from->remote, .at_ns = now_ns };
	if (public_key)
		memcpy(stranger->public_key, public_key, WG_KEY_LEN);
}

void peer_failed(struct wg_device *d, const struct wg_peer *p, enum wg_failure failure, uint64_t now_ns)
{
	struct wg_peer_counters *told = peer_told(d, p);

	told->failures[failure]++;
	told->failure = failure;
	told->failure_ns = now_ns;
	told->failing = true;
}

void peer_stop_initiating(struct wg_device *d, struct wg_peer *p)
{
	if (p->initiating)
		index_remove(&d->index, p->initiation_index);
	p->initiating = false;
	wipe(&p->handshake, sizeof(p->handshake));
}

void device_stamp(struct wg_device *d, struct wg_peer *p, uint8_t stamp[static WG_STAMP_LEN])
{
	wg_stamp(stamp, d->host.wall(d->host.arg));
	stamp_raise_above(stamp, d->stamp_floor);
	stamp_raise_above(stamp, p->stamp_sent);
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

struct wg_peer *device_create_peer(struct wg_device *d, const uint8_t public_key[static WG_KEY_LEN])
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

void device_destroy_peer(struct wg_device *d, struct wg_peer *p)
{
	uint16_t id = p->id, *link = bucket(d, p->remote.public_key);

	peer_stop_initiating(d, p);
	keypairs_clear(&p->keypairs, &d->index);
	timers_remove_peer(&d->timers, id);
	allowedips_remove_peer(&d->allowed, id);
	d->guard.counters.staged_dropped += staged_purge(&d->staged, id);
	memset(peer_told(d, p), 0, sizeof(*d->told));
	stamp_raise_to(d->stamp_floor, p->stamp_sent); /* it may come back */
	while (*link != id)
		link = &d->peers[*link].hash_next;
	*link = p->hash_next;
	wipe(p, sizeof(*p));
	p->id = id;
	p->hash_next = d->peer_free;
	d->peer_free = id;
	d->peer_count--;
}

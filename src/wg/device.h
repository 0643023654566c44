/* What a device and its peers are made of; for the files of this room and its tests. */
#ifndef WG_DEVICE_H
#define WG_DEVICE_H

#include "wg/allowedips.h"
#include "wg/cookie.h"
#include "wg/ephemerals.h"
#include "wg/index.h"
#include "wg/keypair.h"
#include "wg/load.h"
#include "wg/noise.h"
#include "wg/ratelimit.h"
#include "wg/staged.h"
#include "wg/timers.h"
#include "wg/wg.h"

struct wg_peer {
	/* what every packet touches comes first */
	uint16_t id;
	bool live;
	bool need_another_keepalive; /* data came while a keepalive was due already */
	bool sent_lastminute;        /* an initiation because the session is about to end */
	uint8_t attempts;            /* initiations sent again since the first */
	uint16_t keepalive_s;
	uint16_t hash_next; /* by public key; also links free slots */
	struct inet_flow flow; /* remote's family 0: not known */
	uint64_t received_bytes, sent_bytes;
	struct keypairs keypairs;

	struct noise_remote remote;
	struct cookie_jar jar;

	bool initiating; /* handshake and its index wait for a response */
	uint32_t initiation_index;
	struct noise_handshake handshake;
	uint64_t quiet_until_ns; /* no initiation before: REKEY_TIMEOUT and jitter */

	bool has_initiation; /* of the peer's, at */
	uint64_t initiation_ns;
	uint8_t stamp_seen[WG_STAMP_LEN], stamp_sent[WG_STAMP_LEN];
	struct wg_wall shaken; /* the last handshake */
};

/* All that a packet we drop may change: it tells of hostile packets, or guards against them. */
struct wg_guard {
	struct wg_counters counters;
	struct load load;
};

enum { PEER_NONE = ALLOWED_NONE };

struct wg_device {
	struct wg_guard guard;
	struct wg_host host;
	struct wg_limits limits;
	size_t arena_len;
	size_t mtu_bytes;
	bool up;

	struct noise_identity identity;
	struct cookie_checker checker; /* the secret changes when a cookie is given out */
	struct ratelimit *ratelimit;   /* likewise */
	uint8_t stamp_floor[WG_STAMP_LEN];
	uint64_t jitter; /* a generator's state: for spreading, not for secrets */

	struct wg_peer_counters *told; /* of each peer: what packets we drop may change, as guard */
	struct wg_peer *peers;
	uint16_t *buckets; /* peers by public key */
	size_t bucket_mask;
	uint64_t bucket_seed;
	uint16_t peer_top; /* slots from here on were never used */
	uint16_t peer_free;
	size_t peer_count;

	struct ephemerals ephemerals;
	struct index_table index;
	struct allowedips allowed;
	struct timers timers;
	struct staged staged;
};

static inline struct wg_peer_counters *peer_told(struct wg_device *d, const struct wg_peer *p)
{
	return &d->told[p->id];
}

/* A handshake with the peer failed. */
void peer_failed(struct wg_device *device, const struct wg_peer *peer, enum wg_failure failure, uint64_t now_ns);

/* public_key may be NULL: it cannot be read. */
void device_note_stranger(struct wg_stranger *stranger, const struct inet_flow *from, const uint8_t *public_key,
			  uint64_t now_ns);

uint64_t device_jitter_ns(struct wg_device *device); /* up to REKEY_JITTER_MAX_MS */
/* Slots: there must be a free one, and no such peer. */
struct wg_peer *device_create_peer(struct wg_device *device, const uint8_t public_key[static WG_KEY_LEN]);
void device_destroy_peer(struct wg_device *device, struct wg_peer *peer);
struct wg_peer *device_find(struct wg_device *device, const uint8_t public_key[static WG_KEY_LEN]);
/* A random index that names slot of the peer. False: host->random failed. */
bool device_new_index(struct wg_device *device, const struct wg_peer *peer, uint8_t slot, uint32_t *index);
/* Above every stamp that this peer got. */
void device_stamp(struct wg_device *device, struct wg_peer *peer, uint8_t stamp[static WG_STAMP_LEN]);
void device_event(const struct wg_device *device, struct wg_peer *peer, enum wg_event event);

/* What the peer sent just now came from there. True: that is elsewhere than before. */
bool peer_follow(struct wg_peer *peer, const struct inet_flow *from);
void peer_stop_initiating(struct wg_device *device, struct wg_peer *peer);

#endif

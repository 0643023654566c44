/* The WireGuard protocol core of one device: bytes and the time come in, a verdict and bytes in place go out. */
#ifndef WG_WG_H
#define WG_WG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/inet.h"

struct wg_device;
struct wg_peer; /* a slot of its device: good until the peer is removed */

enum {
	WG_KEY_LEN = 32,
	WG_STAMP_LEN = 12, /* TAI64N */
	WG_HEADROOM = 16,  /* before a packet given to wg_output: the data header */
	WG_TAILROOM = 31,  /* behind it: padding up to 15 bytes, tag */
	WG_ARENA_ALIGN = 64,
	WG_STAGED_PER_PEER = 128,
};

#define WG_NEVER UINT64_MAX /* as a deadline */

/* What became of one packet. From WG_DROP_FIRST on it is gone, and nothing but a counter has changed by it. */
enum wg_verdict {
	/* of wg_input */
	WG_DATA,      /* an inner packet is in the view */
	WG_KEEPALIVE, /* nothing inside */
	WG_HANDSHAKE, /* an initiation, a response or a cookie was taken */
	/* of wg_output */
	WG_SEALED, /* send the view to the endpoint */
	WG_STAGED, /* a copy waits for a session; a handshake is under way */
	/* of wg_input */
	WG_DROP_FIRST,
	WG_DROP_TYPE = WG_DROP_FIRST, /* no such message */
	WG_DROP_LENGTH,               /* not the length this message has */
	WG_DROP_DOWN,                 /* the interface is */
	WG_DROP_IDENTITY,             /* we have no private key yet */
	WG_DROP_MAC1,                 /* not made for our public key */
	WG_DROP_COOKIE,               /* under load and without a cookie: a cookie reply went out instead */
	WG_DROP_RATE,                 /* under load, and this source sent too many */
	WG_DROP_INDEX,                /* no such session, or no handshake that waits for this */
	WG_DROP_AGE,                  /* of a session that is too old or used up */
	WG_DROP_TAG,                  /* forged, damaged, or another preshared key */
	WG_DROP_REPLAY,               /* counter seen, or below the window */
	WG_DROP_PEER,                 /* an initiation by someone who is no peer */
	WG_DROP_AGAIN,                /* the last initiation once more */
	WG_DROP_STAMP,                /* an initiation older than the last one */
	WG_DROP_FLOOD,                /* initiations of one peer less than 20 ms apart */
	WG_DROP_SOURCE,               /* inner source address not among the peer's allowed IPs */
	WG_DROP_INNER,                /* inside is no IP packet, or it lies about its length */
	WG_DROP_RANDOM,               /* host->random failed */
	/* of wg_output */
	WG_NO_PEER,     /* no allowed IPs hold the destination: ICMP host unreachable, -ENOKEY */
	WG_NO_ENDPOINT, /* the peer's address is not known: ICMP host unreachable, -EDESTADDRREQ */
	WG_NOT_IP,      /* neither IPv4 nor IPv6 */
	WG_TOO_LONG,    /* longer than packet_len_max and no session yet */
	WG_VERDICTS,
};

/* For logs and counters in show; the device's state is as the event leaves it. */
enum wg_event {
	WG_EVENT_SESSION, /* a handshake is done */
	WG_EVENT_GAVE_UP, /* REKEY_ATTEMPT_TIME without an answer; staged packets are dropped */
	WG_EVENT_ROAMED,  /* an authentic packet came from a new endpoint */
};

struct wg_wall {
	int64_t s; /* CLOCK_REALTIME */
	uint32_t ns;
};

/* The ways out of the core. None may call back into the device. bytes are borrowed until the callback returns. */
struct wg_host {
	void *arg;
	/* Handshake messages and keepalives; ds is for the outer header. What cannot be sent is lost, as in
	 * any network. */
	void (*send)(void *arg, const struct inet_flow *to, uint8_t ds, const uint8_t *bytes, size_t len);
	/* Within wg_input: to whom the message at hand came from, who has not shown yet that he can receive there: nothing is to be
	 * looked up or kept for him. NULL: send is called. */
	void (*answer)(void *arg, const struct inet_flow *from, uint8_t ds, const uint8_t *bytes, size_t len);
	/* Sealed data that was staged until its session came. NULL: send is called. */
	void (*sealed)(void *arg, const struct inet_flow *to, uint8_t ds, const uint8_t *bytes, size_t len);
	int (*random)(void *arg, void *dst, size_t len); /* 0 or -errno, as random_bytes */
	struct wg_wall (*wall)(void *arg);               /* asked once per handshake */
	/* A clock that tells how long handshake work takes, ns. NULL: each message is taken to cost
	 * WG_HANDSHAKE_COST_NS, which is also what makes a test repeatable. */
	uint64_t (*work_ns)(void *arg);
	void (*event)(void *arg, struct wg_peer *peer, enum wg_event event); /* may be NULL */
};

/* Load (paper 5.3): handshake messages may take budget_ms of any second; who goes beyond puts the device under load
 * until a second passed without it, and then only senders that return a cookie are served. */
enum { WG_SENT_RECENT = 1 << 16 }; /* a round trip of 100 ms at 650,000 packets a second */

enum { WG_HANDSHAKE_BUDGET_MS = 200, WG_HANDSHAKE_COST_NS = 500000 };

/* Sizes, known at start. A zero means the default. */
struct wg_limits {
	size_t peers;          /* 1024; at most 8192 */
	size_t prefixes;       /* 4096; at most 30000 */
	size_t staged;         /* packets that wait for a session, all peers together: 1024; at most 60000 */
	size_t packet_len_max; /* the longest inner packet that can be staged: 1500 */
	uint32_t handshake_budget_ms;
};

size_t wg_arena_len(const struct wg_limits *limits);

/* The device lives in arena: wg_arena_len bytes of zeros (mmap's, so that untouched pages cost nothing), aligned to
 * WG_ARENA_ALIGN, the caller's to free after wg_close. host is copied. 0, -EINVAL, or what host->random said. */
int wg_init(struct wg_device **device, void *arena, size_t arena_len, const struct wg_limits *limits,
	    const struct wg_host *host);
void wg_close(struct wg_device *device); /* wipes the arena */

/* The inner interface's: padding never goes beyond it. 0 (at first): it is not known, padding is always to 16. */
void wg_set_mtu(struct wg_device *device, size_t mtu_bytes);

/* The inner interface, which is down at first. A device that is down sends and takes nothing, whatever is set of it: what left
 * before its packets can would be lost, and the next attempt is REKEY_TIMEOUT away. It comes up with a handshake for each
 * peer with a persistent keepalive, and goes down without its sessions, as the kernel's does. */
void wg_set_up(struct wg_device *device, bool up, uint64_t now_ns);

/* All zero takes the identity away. The same key again changes nothing; another one ends all sessions, and removes the
 * peer that has its public key. */
void wg_set_private_key(struct wg_device *device, const uint8_t private_key[static WG_KEY_LEN], uint64_t now_ns);
/* False when there is none. The private key is zeros then. */
bool wg_private_key(const struct wg_device *device, uint8_t private_key[static WG_KEY_LEN]);
bool wg_public_key(const struct wg_device *device, uint8_t public_key[static WG_KEY_LEN]);

enum wg_peer_flags {
	WG_PEER_UPDATE_ONLY = 1 << 0,     /* -ENOENT for a peer that is not there */
	WG_PEER_REPLACE_ALLOWED = 1 << 1, /* allowed is the whole list */
	WG_PEER_SET_KEEPALIVE = 1 << 2,
};

struct wg_peer_change {
	const uint8_t *public_key;            /* WG_KEY_LEN */
	const uint8_t *preshared_key;         /* WG_KEY_LEN, zeros for none; NULL: as it is. For the next handshake. */
	const struct inet_endpoint *endpoint; /* NULL: as it is. The session stays. */
	const struct inet_prefix *allowed;    /* host bits are ignored; a prefix of another peer moves over */
	size_t allowed_count;
	uint16_t keepalive_s; /* 0: off */
	unsigned flags;
};

/* Creates or changes a peer. -ENOSPC (the tables are full; a prefix listed twice counts twice), -EINVAL, -ENOENT:
 * before anything changed. Our own public key: 0 and no peer, as the kernel does. A persistent keepalive that is
 * switched on is sent at once if the device is up; so is the handshake of a peer with a persistent keepalive and a first
 * endpoint. */
int wg_set_peer(struct wg_device *device, const struct wg_peer_change *change, uint64_t now_ns);
int wg_remove_peer(struct wg_device *device, const uint8_t public_key[static WG_KEY_LEN]); /* 0 or -ENOENT */
void wg_remove_peers(struct wg_device *device);

struct wg_view {
	struct wg_peer *peer;
	uint8_t *bytes; /* within what was given */
	size_t len;
	/* of wg_output: where to, borrowed from the peer until the next call on the device; the outer header's DS field */
	const struct inet_flow *to;
	uint8_t ds;
};

/* A message or an inner packet, and what became of it. */
struct wg_packet {
	uint8_t *bytes;
	size_t len;
	enum wg_verdict verdict;
	struct wg_view view;
};

enum { WG_BATCH = 64 }; /* what is opened or sealed at once: more gains nothing */

/* UDP payloads from the network, one behind the other, all from there and under an outer header with that DS field. Each is judged as
 * if it had come alone, in order; it is decrypted in place (and wiped when forged). from is copied where needed: answers go back
 * the same way. The view is set for WG_DATA, and its peer for WG_KEEPALIVE and WG_HANDSHAKE (NULL for a cookie). */
void wg_input_many(struct wg_device *device, const struct inet_flow *from, uint8_t ds, struct wg_packet *messages,
		   size_t count, uint64_t now_ns);
enum wg_verdict wg_input(struct wg_device *device, const struct inet_flow *from, uint8_t ds, uint8_t *bytes, size_t len,
			 uint64_t now_ns, struct wg_view *view);

/* Inner packets to the network, likewise: WG_HEADROOM bytes before each and WG_TAILROOM behind it (of which only its padding and
 * the tag: the next one's headroom may begin behind those) are written to when it is sealed, else nothing. The view is set for
 * WG_SEALED: bytes is packet - WG_HEADROOM; its peer alone for WG_STAGED, WG_TOO_LONG and WG_NO_ENDPOINT. */
void wg_output_many(struct wg_device *device, struct wg_packet *packets, size_t count, uint64_t now_ns);
enum wg_verdict wg_output(struct wg_device *device, uint8_t *packet, size_t len, uint64_t now_ns,
			  struct wg_view *view);

/* Whether that is how a data message of ours to there begins, one of the last WG_SENT_RECENT of its session: index and counter
 * must be right, which only who saw it on its way can know. */
bool wg_has_sent(const struct wg_device *device, const struct inet_endpoint *to, const uint8_t *bytes, size_t len);

/* Makes what the next handshakes need, so that they need not wait for it: to be called when nothing else waits, or never. It is
 * thrown away, by wg_poll, when it was not used in time. */
void wg_prepare(struct wg_device *device, uint64_t now_ns);

/* Runs what is due. wg_next_due: when to call it next (WG_NEVER: not until something happens); ask after every batch
 * and every change. */
void wg_poll(struct wg_device *device, uint64_t now_ns);
uint64_t wg_next_due(struct wg_device *device);

/* --- looking at it --- */

struct wg_peer_info {
	uint8_t public_key[WG_KEY_LEN];
	uint8_t preshared_key[WG_KEY_LEN]; /* all zero: none. Wipe it. */
	struct inet_endpoint endpoint;     /* family 0: not known */
	uint16_t keepalive_s;
	/* UDP payload of data, keepalives, handshake messages, as the kernel counts it; sent: also what host->send could not. */
	uint64_t received_bytes, sent_bytes;
	struct wg_wall handshake;            /* of the last one; zeros: none yet */
	size_t allowed_count, staged_count;
};

/* Why a handshake with a peer failed, as far as this side can know. */
enum wg_failure {
	WG_FAILURE_NONE,
	WG_FAILURE_NO_ANSWER, /* to an initiation, within REKEY_TIMEOUT, and nothing below tells why */
	WG_FAILURE_PSK,       /* its response is made for our initiation and does not open: another preshared key */
	WG_FAILURE_UNUSED,    /* it began anew instead of using our response: lost, or another preshared key there */
	WG_FAILURE_REPLAY,    /* an initiation came again */
	WG_FAILURE_STAMP,     /* an initiation is older than the last one: its clock went back, or a replay */
	WG_FAILURE_FLOOD,     /* initiations less than 20 ms apart */
	WG_FAILURE_LOAD,      /* it is under load and answers with a cookie */
	WG_FAILURES,
};

struct wg_peer_counters {
	uint64_t drops[WG_VERDICTS]; /* of those verdicts that know whose packet it was */
	uint64_t queue_full;         /* staged packets that went for newer ones */
	uint64_t gave_up;            /* staged packets for which no session came */
	uint64_t failures[WG_FAILURES];
	enum wg_failure failure; /* the last one, at */
	uint64_t failure_ns;
	bool failing; /* no handshake was done since */
};

/* The last handshake message of someone who is no peer. Nothing of it is proven, the address neither. */
struct wg_stranger {
	struct inet_endpoint from; /* family 0: none yet */
	uint64_t at_ns;
	uint8_t public_key[WG_KEY_LEN]; /* that it claims; zeros where none can be read */
};

struct wg_counters {
	uint64_t verdicts[WG_VERDICTS];
	uint64_t staged_dropped; /* by newer packets, by giving up, with their peer; by newer ones alone: */
	uint64_t queue_full;
	uint64_t cookies_sent;
	struct wg_stranger unknown; /* of WG_DROP_PEER */
	struct wg_stranger misled;  /* of WG_DROP_MAC1 */
};

/* The first for NULL, NULL behind the last. The peer just returned may be removed before the next call, whenever that is: its slot
 * stays, with a key of zeros and no allowed IPs, or becomes another's. */
struct wg_peer *wg_peer_next(struct wg_device *device, const struct wg_peer *peer);
void wg_peer_info(const struct wg_device *device, const struct wg_peer *peer, struct wg_peer_info *info);
/* *cursor is 0 at first. False behind the last one. */
bool wg_peer_allowed(const struct wg_device *device, const struct wg_peer *peer, uint32_t *cursor,
		     struct inet_prefix *prefix);
const struct wg_counters *wg_counters(const struct wg_device *device);
const struct wg_peer_counters *wg_peer_counters(const struct wg_device *device, const struct wg_peer *peer);
bool wg_under_load(const struct wg_device *device, uint64_t now_ns);

/* --- moving a path between backends --- */

/* The highest stamp that any initiation of ours may have borne. Once it is set, ours are above it whatever the wall clock says: a
 * peer drops an initiation that is not above the last one it saw. */
void wg_set_stamp_sent(struct wg_device *device, const uint8_t stamp[static WG_STAMP_LEN]);
/* The stamp of a wall clock time, as an initiation bears it: rounded down to 2^24 ns, like the kernel's. */
void wg_stamp(uint8_t stamp[static WG_STAMP_LEN], struct wg_wall wall);

#endif

/* Two WireGuard devices back to back under one fake clock, with the network between them in the test's hands. */
#ifndef WG_PAIR_H
#define WG_PAIR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "wg/device.h"
#include "wg/policy.h"
#include "wg/wg.h"

enum { A, B, WIRE_MAX = 512, DATAGRAM_MAX = 1700, WORK_MTU = 1420 };

struct datagram {
	struct inet_endpoint to;
	struct inet_addr local; /* that it is to leave from */
	uint8_t ds;
	size_t len;
	bool sealed; /* staged data */
	uint8_t bytes[DATAGRAM_MAX];
};

struct node {
	struct wg_device *device;
	void *arena;
	size_t arena_len;
	uint8_t private_key[WG_KEY_LEN], public_key[WG_KEY_LEN];
	struct inet_endpoint endpoint;
	/* what it sent and nothing has delivered yet */
	struct datagram out[WIRE_MAX];
	size_t out_count;
	/* the next random bytes; behind them a generator */
	const uint8_t *script;
	size_t script_len;
	uint64_t seed;
	bool random_fails;
	struct wg_wall wall;
	unsigned events[3];
	/* what came in */
	unsigned data_count, keepalive_count, verdicts[WG_VERDICTS];
	uint8_t last[DATAGRAM_MAX];
	size_t last_len;
	struct wg_peer *last_peer;
	uint64_t sent[5]; /* messages by type, ever */
};

struct pair {
	uint64_t now_ns;
	struct node node[2];
	bool cut[2]; /* what this node sends is lost */
	/* of what pair_give gives */
	struct inet_addr local;
	uint8_t ds;
};

/* Fresh devices with keys; A has 10.0.0.1 and fd00::1, B 10.0.0.2 and fd00::2. Static: one pair at a time. */
struct pair *pair_new(const struct wg_limits *limits);
/* The same, and they are each other's peers with endpoints; psk may be NULL. */
struct pair *pair_of_peers(const uint8_t *psk);
void pair_free(struct pair *pair); /* also pair_new does that to the last one */
struct wg_peer *pair_peer(struct pair *pair, int of); /* the other, as node of knows it */
int pair_join(struct pair *pair, int of, const uint8_t *psk, bool endpoint, uint16_t keepalive_s);

/* An IPv4 packet from node to the other, len bytes with header; wg_output, and onto the wire when it is sealed. */
enum wg_verdict pair_send(struct pair *pair, int from, size_t len);
enum wg_verdict pair_send_to(struct pair *pair, int from, const uint8_t src[4], const uint8_t dst[4], size_t len);
/* One datagram into node, as it is; nothing is taken from a wire. */
enum wg_verdict pair_give(struct pair *pair, int to, const struct inet_endpoint *from, const uint8_t *bytes,
			  size_t len);
/* Everything on the wires, until they are empty. */
void pair_deliver(struct pair *pair);
/* Takes the oldest datagram off the wire of node. False: there is none. */
bool pair_take(struct pair *pair, int from, struct datagram *datagram);
/* Time goes on for ns: what is due runs and is delivered. */
void pair_run(struct pair *pair, uint64_t ns);
void pair_shake(struct pair *pair, int initiator); /* one packet from it, until both have a session */
struct keypair *pair_current(struct pair *pair, int of);

#endif

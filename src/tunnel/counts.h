/* What a backend can tell of packets that were dropped and of handshakes that failed. */
#ifndef TUNNEL_COUNTS_H
#define TUNNEL_COUNTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/inet.h"
#include "netlink/counters.h"

enum tunnel_drop {
	/* of a peer, and of all of them together */
	TUNNEL_DROP_REPLAY,
	TUNNEL_DROP_TAG,
	TUNNEL_DROP_AGE,
	TUNNEL_DROP_SOURCE,
	TUNNEL_DROP_INNER,
	TUNNEL_DROP_AGAIN,
	TUNNEL_DROP_STAMP,
	TUNNEL_DROP_FLOOD,
	TUNNEL_DROP_QUEUE,
	TUNNEL_DROP_GAVE_UP,
	TUNNEL_DROP_NO_ENDPOINT,
	TUNNEL_PEER_DROPS,
	/* of no one who is known */
	TUNNEL_DROP_UNKNOWN_PEER = TUNNEL_PEER_DROPS,
	TUNNEL_DROP_MAC1,
	TUNNEL_DROP_INDEX,
	TUNNEL_DROP_COOKIE,
	TUNNEL_DROP_RATE,
	TUNNEL_DROP_BUSY,
	TUNNEL_DROP_UNREAD,
	TUNNEL_DROP_TYPE,
	TUNNEL_DROP_LENGTH,
	TUNNEL_DROP_DOWN,
	TUNNEL_DROP_IDENTITY,
	TUNNEL_DROP_RANDOM,
	TUNNEL_DROP_NO_PEER,
	TUNNEL_DROP_NOT_IP,
	TUNNEL_DROP_TOO_LONG,
	TUNNEL_DROPS,
};

/* Why the last handshake with a peer failed. */
enum tunnel_failure {
	TUNNEL_FAILURE_NONE,
	TUNNEL_FAILURE_NO_ANSWER,
	TUNNEL_FAILURE_PSK,
	TUNNEL_FAILURE_UNUSED,
	TUNNEL_FAILURE_REPLAY,
	TUNNEL_FAILURE_STAMP,
	TUNNEL_FAILURE_FLOOD,
	TUNNEL_FAILURE_LOAD,
	TUNNEL_FAILURE_KEY,      /* its endpoint is heard, with a key that is no peer's */
	TUNNEL_FAILURE_OUR_KEY,  /* its endpoint is heard, and means another public key than ours */
	TUNNEL_FAILURES,
};

struct tunnel_word {
	const char *name;  /* for machines */
	const char *words; /* for people */
};

extern const struct tunnel_word tunnel_drop_words[TUNNEL_DROPS], tunnel_failure_words[TUNNEL_FAILURES];

/* Each is told of where known is true; else it is unknown, not zero. */
struct tunnel_peer_counts {
	bool known;
	bool failing; /* no handshake was done since the last failure */
	uint8_t failure; /* enum tunnel_failure: of the last one */
	uint64_t failure_age_s;
	uint64_t failures; /* of any reason */
	uint64_t drops[TUNNEL_PEER_DROPS];
};

/* The last handshake message by someone who is no peer; family 0: none. Nothing of it is proven. */
struct tunnel_stranger {
	struct inet_endpoint from;
	uint64_t age_s;
	uint8_t public_key[32]; /* zeros where none could be read */
};

struct tunnel_counts {
	bool known;
	bool under_load;
	uint64_t drops[TUNNEL_DROPS];
	struct tunnel_stranger unknown, misled; /* of TUNNEL_DROP_UNKNOWN_PEER, TUNNEL_DROP_MAC1 */
	bool link_known;
	struct link_counters link; /* of the inner interface */
};

#endif

/* Is this instance's key, or that of a peer of its path, on two machines? Told once, and shown for as long as it lasts. */
#ifndef GATEWAY_CLONES_H
#define GATEWAY_CLONES_H

#include "gateway/watch.h"

enum { CLONES_EARS = 4, CLONES_WORDS_LEN = 320 };

struct clones {
	/* Peers that do not answer, or did not of late, and what they send meanwhile. A second machine with our key is seen by
	 * any of them. */
	struct clones_ear {
		bool open;
		int fd;
		bool data;        /* it hears data too */
		uint64_t asked_ns; /* when the peer was last waited for */
		struct inet_endpoint from;
		bool knows_index;  /* of ours, in the session of that handshake */
		uint32_t index;
		int64_t handshake_s;
		uint32_t handshake_ns;
	} ears[CLONES_EARS];
	uint16_t port; /* ours, that they hear at */
	enum clone_kind kind;
	char trouble[CLONES_WORDS_LEN]; /* "" when there is nothing to say */
};

/* After watch_look; peers[i] of watch is about peers[i] of running. */
void clones_look(struct clones *clones, struct watch *watch, const struct tunnel_config *running, uint64_t now_ns);
void clones_close(struct clones *clones); /* the path is down */

#endif

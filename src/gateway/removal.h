/* What a set of files takes away from what runs: peers that go, and how far that needs to be meant. */
#ifndef GATEWAY_REMOVAL_H
#define GATEWAY_REMOVAL_H

#include "conf/vpn.h"
#include "tunnel/tunnel.h"

enum removal_verdict {
	REMOVAL_FINE,  /* few of many, and none that is alive */
	REMOVAL_ASKED, /* a third or more, or one that is alive: a file that lost its end looks like that */
	REMOVAL_ALL,   /* none is left */
	REMOVAL_UNKNOWN, /* what runs did not say what it has */
};

struct removal {
	uint16_t peers[TUNNEL_PEERS_MAX]; /* that go, as indexes into running's */
	uint16_t count;
	uint16_t alive; /* of those: a session of theirs is in use */
	uint16_t rotated; /* peers that go on with another key: of the same name or address. Not in count. */
};

/* A session of its is in use. */
bool removal_is_alive(const struct tunnel_peer *peer, int64_t now_s);

unsigned removal_alive(const struct tunnel_config *running, int64_t now_s); /* how many are */

/* The section that goes on in place of a peer that has none: of the same name or address, with a key that no peer has. NULL: there
 * is none, or it has a section of its own, which is looked for as vpn_find_near does. */
const struct vpn_peer *removal_successor(const struct tunnel_config *running, const struct tunnel_peer *old,
					 const struct vpn_conf *before, const struct vpn_conf *after, size_t *at);

/* before knows the names of what runs; after is NULL when nothing is to run. now_s is CLOCK_REALTIME, as running's handshakes. */
enum removal_verdict removal_look(struct removal *removal, const struct tunnel_config *running, const struct vpn_conf *before,
				  const struct vpn_conf *after, int64_t now_s);

#endif

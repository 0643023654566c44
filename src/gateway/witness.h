/* Who shows that a path still works after a change of it: peers that were alive and whose sections did not change. Pure. */
#ifndef GATEWAY_WITNESS_H
#define GATEWAY_WITNESS_H

#include "conf/vpn.h"
#include "tunnel/tunnel.h"

struct witness {
	uint16_t count;
	bool heard;       /* one of them, since the change */
	uint64_t last_ns; /* when; before that, when the change was made */
	struct {
		uint8_t public_key[TUNNEL_KEY_LEN];
		uint64_t received_bytes;
	} peers[TUNNEL_PEERS_MAX];
};

/* running is a dump from before the change; after is NULL when nothing is to run. now_s is CLOCK_REALTIME, as its handshakes. */
void witness_choose(struct witness *witness, const struct tunnel_config *running, const struct vpn_conf *before,
		    const struct vpn_conf *after, int64_t now_s);
void witness_begin(struct witness *witness, const struct tunnel_config *running, uint64_t now_ns); /* it was made */
void witness_look(struct witness *witness, const struct tunnel_config *running, uint64_t now_ns);

/* What two sets say of a peer: the same. Names and comments do not count. */
bool witness_same_section(const struct vpn_conf *a, const struct vpn_peer *x, const struct vpn_conf *b, const struct vpn_peer *y);

#endif

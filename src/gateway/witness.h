/* Who shows that a path still works, both ways, after a change of it: peers that were alive and whose sections did not change. Pure.
 *
 * What comes from a peer shows one way alone. It initiates, and its session of before goes on for minutes, while nothing of ours
 * arrives. So heard is who answers an echo request, or shakes hands anew: a handshake counts for either side once a packet of each
 * went through. Some answer no echo. Such a one is heard by what it sends, when it would have begun to call if it heard nothing.
 * And nothing counts at first: a backend in user space goes the host's ways of before until it was told of others. */
#ifndef GATEWAY_WITNESS_H
#define GATEWAY_WITNESS_H

#include "conf/vpn.h"
#include "tunnel/tunnel.h"

struct witness {
	bool known;        /* a change was made, by this process */
	uint16_t count;
	bool heard;        /* one of them, since the change */
	bool echoes;       /* one of them answers echo requests */
	uint64_t begun_ns; /* when the change was made */
	uint64_t last_ns;  /* when one was heard; before that, the same */
	uint16_t asked;    /* of whom an echo is wanted next */
	struct {
		uint8_t public_key[TUNNEL_KEY_LEN];
		struct inet_addr address; /* that an echo is wanted of; family 0: none */
		uint64_t received_bytes;
		int64_t handshake_s;
		uint32_t handshake_ns;
		uint64_t sent_ns; /* when its first data came since the change, 0: none has */
		bool is_long; /* it sends packets as long as the MTU */
		bool calls; /* it has begun a handshake, and was not heard since */
	} peers[TUNNEL_PEERS_MAX];
};

void witness_clear(struct witness *witness); /* a change that no one shows anything of */

/* running is a dump from before the change; after is NULL when nothing is to run. now_s is CLOCK_REALTIME, as its handshakes. */
void witness_choose(struct witness *witness, const struct tunnel_config *running, const struct vpn_conf *before,
		    const struct vpn_conf *after, int64_t now_s);
void witness_begin(struct witness *witness, const struct tunnel_config *running, uint64_t now_ns); /* it was made */
void witness_look(struct witness *witness, const struct tunnel_config *running, uint64_t now_ns);

/* The next address of which an echo is wanted, round all of them; NULL: there is none, or it is too early. */
const struct inet_addr *witness_next(struct witness *witness, uint64_t now_ns);
void witness_answered(struct witness *witness, const struct inet_addr *from, uint64_t now_ns); /* an echo came */

/* How long none has been heard. Where no one answers an echo that is 0 for some minutes: what they show by is a handshake, at the end
 * of a session, which our echo requests renew. */
uint64_t witness_silent_ns(const struct witness *witness, uint64_t now_ns);

#endif

/* Signs that two machines carry one private key, as appliances do whose disks are copies: what a peer shows of it from one
 * look to the next. Pure. */
#ifndef GATEWAY_CLONE_SIGNS_H
#define GATEWAY_CLONE_SIGNS_H

#include "tunnel/tunnel.h"

/* A peer has one session for a key: of two machines that have it, each that shakes hands takes the session from the other,
 * whose packets then get no answer that it could read, so that it shakes hands 15 s later, and so on. Seen by itself:
 * the peer speaks to our port and address in a session that is not the one that we have just made with it. Seen by the peer:
 * who has the key is now here, now there, and makes one session after the other.
 *
 * A minute later is better than for nothing, so no sign is counted that something else gives as well:
 *   a NAT that rebinds, a peer that roams, one with two uplinks   their session goes on wherever they are, for two minutes
 *   a peer that is looked for elsewhere, and found again          it is known that we moved it
 *   a peer that was started again                                 it has no session to speak in
 *   we were                                                       we have not shaken hands with it since
 *   a peer that sends what we may not take (AllowedIPs)           it does so in our session
 *   initiations that crossed                                      they make no session
 *   a forger who knows both ends                                  the peer answers us all the same
 * Where the clock of one is behind the other's, its handshakes are refused and there is nothing to see here. */
enum {
	CLONE_SESSIONS = 2,
	CLONE_RENEWALS = 4,
	CLONE_RETURNS = 2,
	CLONE_RENEWAL_MAX_S = 60, /* REKEY_AFTER_TIME of the paper is 120 */
	CLONE_OVER_S = 180,       /* a session lasts no longer */
};

struct clone_signs {
	unsigned sessions;    /* of ours, one after the other, that the peer left for one that is not ours */
	uint64_t session_ns;  /* when it was last seen to */
	int64_t handshake_s;  /* of that session, and */
	uint32_t handshake_ns;
	int64_t renewed_s;    /* the handshake at the last look, and */
	uint32_t renewed_nsec;
	unsigned renewals;    /* handshakes that followed each other too soon, and meanwhile */
	unsigned returns;     /* times that the peer came back to the one of two endpoints */
	uint64_t renewed_ns;
	bool twofold;         /* both were enough, */
	uint64_t twofold_ns;  /* and when they grew last */
	struct inet_endpoint here, there; /* now, and before that; family 0: nowhere */
};

enum clone_kind { CLONE_NONE, CLONE_OF_US, CLONE_OF_PEER };

/* A look at the peer. left: what we ask gets no answer, and meanwhile the peer spoke to us in another session than ours. */
void clone_signs_look(struct clone_signs *signs, const struct tunnel_peer *peer, bool left, uint64_t now_ns);

/* We look for the peer elsewhere: its way to there, and back, is none of its own. */
void clone_signs_moved(struct clone_signs *signs);

/* What they come to, until none was seen for CLONE_OVER_S. */
enum clone_kind clone_signs_judge(const struct clone_signs *signs, uint64_t now_ns);

#endif

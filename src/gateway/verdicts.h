/* Peers that come up and go down, as lines for the log: who, and why. A pure core, as tell is. One that is idle is neither. */
#ifndef GATEWAY_VERDICTS_H
#define GATEWAY_VERDICTS_H

#include "gateway/tell.h"
#include "gateway/watch.h"

/* So many are told one by one in a minute; the others in one line, by their number, a minute after the last such one. */
enum { VERDICTS_LINES = 20, VERDICTS_MINUTE_S = 60 };

struct verdicts {
	struct verdicts_peer {
		uint8_t public_key[TUNNEL_KEY_LEN];
		bool up, down; /* as told; neither: it was never heard, nor missed */
		uint64_t down_ns; /* when it was told */
	} peers[TUNNEL_PEERS_MAX];
	size_t count;
	uint64_t minute_ns, counted_ns;
	unsigned lines;
	size_t more_up, more_down; /* since counted_ns, told by no line of their own */
};

/* running is a dump of now, watch knows its peers, at the same places. wall_s is CLOCK_REALTIME. */
void verdicts_look(struct verdicts *verdicts, const struct watch *watch, const struct tunnel_config *running, uint64_t now_ns, int64_t wall_s,
		   const struct tell_host *host);

#endif

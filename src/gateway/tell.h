/* What goes wrong with peers, as lines for the log: by cause, with the peer's name, and the same thing more and more seldom. A pure
 * core: dumps and the time come in, lines go out. */
#ifndef GATEWAY_TELL_H
#define GATEWAY_TELL_H

#include "base/text.h"
#include "tunnel/tunnel.h"

/* The same reason is told again after AGAIN_S, then twice that, up to AGAIN_MAX_S; another reason after OTHER_S. All peers together
 * have LINES a minute: what finds no room is told later. */
enum { TELL_AGAIN_S = 60, TELL_AGAIN_MAX_S = 3600, TELL_OTHER_S = 10, TELL_LINES = 20, TELL_LINE_LEN = 512 };

/* When the next line about one thing may come. */
struct tell_pace {
	uint64_t told_ns, wait_s; /* wait_s 0: it may come at once */
};

struct tell_peer {
	uint8_t public_key[TUNNEL_KEY_LEN];
	uint8_t failure; /* enum tunnel_failure, as told */
	bool failing;    /* likewise */
	uint64_t failures;
	uint64_t drops[TUNNEL_PEER_DROPS];
	struct tell_pace failure_pace, drop_pace;
};

struct tell {
	struct tell_peer peers[TUNNEL_PEERS_MAX];
	size_t count;
	uint64_t drops[TUNNEL_DROPS];
	struct tell_pace drop_pace, link_pace;
	struct link_counters link; /* losses alone */
	uint64_t minute_ns; /* in which lines are counted */
	unsigned lines;
};

struct tell_host {
	void *arg;
	const char *(*name)(void *arg, const uint8_t public_key[static TUNNEL_KEY_LEN]); /* "" when it has none */
	void (*line)(void *arg, const char *line);
};

/* running is a dump of now. */
void tell_look(struct tell *tell, const struct tunnel_config *running, uint64_t now_ns, const struct tell_host *host);


/* A line about a peer, by its name or the beginning of its key. */
void tell_begin(struct text *text, char line[static TELL_LINE_LEN], const uint8_t public_key[static TUNNEL_KEY_LEN],
		const struct tell_host *host);

#endif

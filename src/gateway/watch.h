/* How the peers of a path answer, seen from outside the tunnel: what each sent and got between one look and the next, and when
 * it may be bothered again. */
#ifndef GATEWAY_WATCH_H
#define GATEWAY_WATCH_H

#include "gateway/clone_signs.h"
#include "tunnel/tunnel.h"

/* UNANSWERED_S: WireGuard itself begins a new handshake when data got no answer for so long. */
enum { WATCH_INTERVAL_S = 5, UNANSWERED_S = 15 };

struct watched {
	uint64_t received_bytes, sent_bytes; /* at the last look */
	int64_t handshake_s; /* likewise */
	uint64_t session_ns; /* when a look saw that handshake; 0: it was there before the first */
	uint64_t heard_ns;   /* when a look saw that its session brought something; 0: none did */
	uint64_t unheard_ns; /* when what wants an answer left first, and nothing came since; 0: nothing left */
	uint64_t waiting_ns; /* when waiting began, and */
	uint64_t asked_ns;   /* when the last that wants an answer left */
	uint64_t move_ns;    /* no other endpoint before */
	uint64_t probe_ns;   /* no other probe before, while it has not shaken hands */
	unsigned moves;      /* to other endpoints since it was heard */
	unsigned probes;     /* since something changed */
	struct inet_endpoint probed; /* where the last one went; family 0: none did */
	bool waiting;        /* what wants an answer left, and nothing came since */
	bool give_up;        /* the address of its name that it has: another one is due */
	bool had_way;        /* at the last probe */
	bool knocked;        /* a probe follows */
	uint8_t public_key[TUNNEL_KEY_LEN];
	struct clone_signs clone; /* of its key, or ours, on two machines */
};

/* What is said of a peer, from best to worst. */
enum watch_verdict {
	WATCH_UP,          /* it was heard within the life of a session; the age is of that */
	WATCH_IDLE,        /* it was heard, longer ago, and nothing waits for it */
	WATCH_NEW,         /* it was never heard, and nothing was sent for long */
	WATCH_NO_ENDPOINT, /* the same, and it must call us */
	WATCH_DOWN,        /* we have sent for UNANSWERED_S and nothing came; the age is of the first of that */
	WATCH_VERDICTS,
};

struct watch {
	struct watched peers[TUNNEL_PEERS_MAX];
	struct watched fresh[TUNNEL_PEERS_MAX]; /* watch_follow's own */
	size_t count;
	uint64_t looked_ns;
};

/* From here on peers[i] is about running->peers[i]; nothing is known of one that was made anew. */
void watch_follow(struct watch *watch, const struct tunnel_config *running);
/* A look, at most WATCH_INTERVAL_S after the last one; wall_s is CLOCK_REALTIME, as handshakes are. */
void watch_look(struct watch *watch, const struct tunnel_config *running, uint64_t now_ns, int64_t wall_s);
struct watched *watch_find(struct watch *watch, const uint8_t public_key[static TUNNEL_KEY_LEN]); /* or NULL */

/* running is a dump of now, peer what is known of it (NULL: nothing). *age_s: 0 where there is nothing to say. */
enum watch_verdict watch_verdict(const struct watched *peer, const struct tunnel_peer *running, uint64_t now_ns, int64_t wall_s,
				 int64_t *age_s);

/* We have sent to it for UNANSWERED_S, still do, and nothing came. One to which nothing goes but keepalives is idle. */
bool watch_unanswered(const struct watched *peer, uint64_t now_ns);
/* Its endpoint is another one now: the next may be tried wait_s later. */
void watch_moved(struct watched *peer, uint64_t now_ns, unsigned wait_s);
/* How long to wait for an answer there, when the name has so many addresses: once round quickly, then more and more slowly. */
unsigned watch_move_wait_s(const struct watched *peer, unsigned addr_count);

/* May a peer that has not shaken hands be probed? Then it counts as done. At once where something has changed (the first time,
 * another endpoint, a way that was not there before, anew: its session is known to be lost), else less and less often,
 * however often the host changes. */
bool watch_probe(struct watched *peer, const struct inet_endpoint *endpoint, bool has_way, bool anew, uint64_t now_ns);

/* It may be by time alone, if its way is still there. */
bool watch_probe_is_due(const struct watched *peer, uint64_t now_ns);

#endif

/* ICMP echo (RFC 792, RFC 4443) from where the inner interface lives: the ping verb, and probes that no one waits for. */
#ifndef GATEWAY_PING_H
#define GATEWAY_PING_H

#include "base/inet.h"
#include "base/loop.h"
#include "control/server.h"

enum { PING_JOBS_MAX = 4, PING_COUNT_DEFAULT = 4, PING_COUNT_MAX = 1000000, PING_INTERVAL_MIN_MS = 2 };

struct pinger;

struct ping_job {
	struct pinger *pinger; /* NULL: a free slot */
	struct loop_timer timer;
	struct control_call *call;
	struct inet_addr target;
	uint16_t id;
	uint64_t interval_ns;
	uint64_t count, sent, received;
	uint64_t min_ns, max_ns, sum_ns;
	size_t data_len;        /* -s, as ping(8) counts it: behind the ICMP header */
	bool df;                /* -D: never in fragments */
	bool quiet;             /* -q: the summary alone */
	char sent_error[96];
};

struct pinger {
	struct loop *loop; /* NULL: closed */
	int netns_fd;
	struct loop_source v4, v6; /* raw sockets, fd -1 but while a job runs: each is given whatever echo comes in */
	struct ping_job jobs[PING_JOBS_MAX];
};

/* Pings leave from the namespace netns_fd (-1: here), which is borrowed until pinger_close. */
void pinger_open(struct pinger *pinger, struct loop *loop, int netns_fd);
void pinger_close(struct pinger *pinger);

/* The verb: ping ADDRESS [-c COUNT] [-i SECONDS] [-s BYTES] [-D] [-q]. Ends call, now or later. */
void pinger_start(struct pinger *pinger, struct control_call *call, int argc, char **argv, uint64_t now_ns);

/* When the next one is sent behind the one that was due then. */
uint64_t ping_next_ns(uint64_t due_ns, uint64_t interval_ns, uint64_t now_ns);

/* One echo request, so that a tunnel shakes hands; whatever comes of it. */
void pinger_probe(struct pinger *pinger, const struct inet_addr *target);

#endif

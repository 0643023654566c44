/* What stands beside a path while it runs, as .env asks for it: the metrics over HTTP, the port where peers are answered, the log to a
 * syslog server, and the time among the instances. */
#ifndef GATEWAY_ATTEND_H
#define GATEWAY_ATTEND_H

#include "conf/set.h"
#include "gateway/path.h"
#include "worker/beside.h"

/* A process at a port of our VPN address. */
struct attended {
	struct beside beside;
	struct inet_endpoint at; /* where it listens */
	uint64_t netns;          /* in which namespace, by number: another one may have the same name; 0: the process's own */
	int err;                 /* of the last try: told once */
};

struct attend {
	const char *run_dir;
	struct loop *loop;
	const struct path *path;
	struct conf_set *const *set; /* what counts now */
	struct loop_timer again;     /* a port could not be had */
	int log_fd; /* where the process copies its log to, until a server is named; -1: nowhere, or it is in use */
	struct attended exporter, cluster;
	struct beside syslog;
	const char *times;        /* by which name it asks for the time to be served, NULL: it does not */
};

/* All borrowed for good; set is where what counts is told. */
void attend_open(struct attend *attend, struct loop *loop, const char *run_dir, const struct path *path, struct conf_set *const *set);
/* Another set counts from now on; of a path that is not up yet, again once it is. */
void attend_follow(struct attend *attend);
void attend_close(struct attend *attend);

#endif

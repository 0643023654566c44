/* What stands beside a path while it runs, as .env asks for it: the metrics over HTTP, the log to a syslog server, and the
 * time among the instances. */
#ifndef GATEWAY_ATTEND_H
#define GATEWAY_ATTEND_H

#include "conf/set.h"
#include "gateway/path.h"
#include "worker/beside.h"

struct attend {
	const char *run_dir;
	struct loop *loop;
	int log_fd; /* where the process copies its log to, until a server is named; -1: nowhere, or it is in use */
	struct beside exporter, syslog;
	struct inet_addr listens; /* where the exporter does */
	int listen_err;           /* of the last try: told once */
	const char *times;        /* by which name it asks for the time to be served, NULL: it does not */
};

void attend_open(struct attend *attend, struct loop *loop, const char *run_dir);
/* What set says counts from now on; of a path that is not up yet, again once it is. */
void attend_follow(struct attend *attend, const struct path *path, const struct conf_set *set);
void attend_close(struct attend *attend);

#endif

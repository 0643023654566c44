/* One path's service: the files onto the path, at start, on reconfigure, and the last applied ones as a fallback. */
#ifndef GATEWAY_SERVICE_H
#define GATEWAY_SERVICE_H

#include "conf/set.h"
#include "gateway/attend.h"
#include "gateway/path.h"
#include "gateway/tell.h"
#include "gateway/verdicts.h"
#include "gateway/witness.h"
#include "worker/change.h"

struct service_options {
	struct worker_options worker; /* without a supervisor the service ends when the path cannot come up */
	const char *netns;            /* see struct path */
	const char *backend;          /* likewise */
	bool contained;               /* in a container: the inner interface is where the process is */
};

enum service_source { SERVICE_NOTHING, SERVICE_FILES, SERVICE_RESUMED, SERVICE_HELD, SERVICE_FALLBACK };

struct service {
	struct worker worker;
	const struct service_options *options;
	struct change change;
	struct loop_timer retry;
	struct resolver resolver;
	struct path path;
	struct attend attend;
	struct tell tell; /* what the log was told of its peers */
	struct verdicts verdicts; /* likewise: who is up, and who is not */
	struct witness witness; /* of the last change */

	struct conf_set *set;       /* what runs */
	enum service_source source; /* of set */
	int64_t applied_s;          /* CLOCK_REALTIME when that was */
	struct conf_facts *facts, *candidate_facts; /* which set and the candidate were checked against */
	struct {
		enum service_source source;
		int64_t applied_s;
		char reason[PATH_REASON_LEN]; /* why the path was down */
	} replaced; /* of what ran before, while that can be put back */
	struct {
		size_t errors, warnings;
	} findings; /* of the files as they were read last */
	bool came_up;   /* set did, once */
	bool falls_back; /* the fallback is read: findings stay those of the files */
	bool resolving; /* names of it are being looked up, for the first time */
	bool answered;  /* whoever asked for it was told what there is to tell */
	uint64_t retry_s;
};

/* Runs until a signal says to stop: the process's exit status. */
int service_run(const struct profile *profile, const struct service_options *options, const struct worker_verb *verbs,
		const struct change_ops *changes);

/* The service that a verb was asked of. */
struct service *service_of(struct worker *worker);

/* change_ops' check and running. */
void service_check(struct change *change);
const struct conf_set *service_running(struct change *change);

/* Makes the candidate what runs; change_progress comes when its names are looked up. 0, or -errno with why: then what ran
 * before is put back, unless *put_back is false. */
int service_adopt(struct service *service, struct tunnel_report *report, char why[static PATH_REASON_LEN],
		  bool *put_back);

/* Makes what ran before it what runs again: 0, or -errno: it does not come up, and is tried again until it does. */
int service_undo(struct service *service, struct tunnel_report *report);

/* Calls each with the finding of every name of what runs that does not resolve, as diag_print does. */
void service_each_unresolved(const struct service *service, void (*each)(void *arg, const char *text), void *arg);

#endif

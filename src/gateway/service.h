/* One path's service: the files onto the path, at start, on reconfigure, and the last applied ones as a fallback. */
#ifndef GATEWAY_SERVICE_H
#define GATEWAY_SERVICE_H

#include "conf/set.h"
#include "gateway/path.h"
#include "worker/keeper.h"
#include "worker/reader.h"
#include "worker/worker.h"

struct service_options {
	struct worker_options worker; /* without a supervisor the service ends when the path cannot come up */
	const char *netns;            /* see struct path */
	const char *backend;          /* likewise */
};

enum service_source { SERVICE_NOTHING, SERVICE_FILES, SERVICE_RESUMED, SERVICE_FALLBACK, SERVICE_SOURCES };

/* As it was asked for. */
struct reconfigure {
	struct control_call *call; /* NULL: no one waits */
	bool force, quiet, dry;
};

struct service {
	struct worker worker;
	const struct service_options *options;
	const struct service_answers *answers;
	struct loop_timer retry;
	struct resolver resolver;
	struct path path;
	struct keeper keeper;
	struct reader reader;
	struct reconfigure asked;     /* waits for the reader */
	struct control_call *pending; /* a reconfigure that waits for names and the keeper */
	struct loop_timer pending_over; /* of either */

	struct conf_set *set, *spare; /* what runs, and room for a candidate */
	enum service_source source;   /* of set */
	int64_t applied_s;            /* CLOCK_REALTIME when that was */
	struct conf_facts *facts, *spare_facts; /* which each was checked against */
	bool kept;      /* set came up and is to be the fallback */
	bool keeping;   /* it is being written */
	bool resolving; /* names of it are being looked up, for the first time */
	bool answered;  /* whoever asked for it was told what there is to tell */
	int keep_err;   /* of keeping it */
	uint64_t retry_s;
	struct diag diag;
};

/* What those who wait for an answer are told by. */
struct service_answers {
	/* What service_read was asked for is there: 0; -EINVAL: there are errors in it; -errno: no file could be read. */
	void (*files_read)(struct service *service, int err);
	/* What a reconfigure waits for (names, the disk) went on. */
	void (*progress)(struct service *service);
};

/* Runs until a signal says to stop: the process's exit status. */
int service_run(const struct profile *profile, const struct service_options *options, const struct worker_verb *verbs,
		const struct service_answers *answers);

/* The service that a verb was asked of. */
struct service *service_of(struct worker *worker);

/* Reads the files, and calls files_read when they are checked in service->spare, findings in service->diag: 0 or -errno, as
 * reader_start. */
int service_read(struct service *service);

/* Makes service->spare, loaded cleanly from the files, what runs; progress comes when its names are looked up and when it
 * is kept as the fallback. 0, or -errno with why: then what ran before is put back, unless *put_back is false. */
int service_adopt(struct service *service, struct tunnel_report *report, char why[static PATH_REASON_LEN],
		  bool *put_back);

/* Calls each with the finding of every name of what runs that does not resolve, as diag_print does. */
void service_each_unresolved(const struct service *service, void (*each)(void *arg, const char *text), void *arg);

#endif

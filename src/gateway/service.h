/* One path's service: loads the files, opens the tunnel, applies, and keeps it so while the host changes around it. */
#ifndef GATEWAY_SERVICE_H
#define GATEWAY_SERVICE_H

#include "base/loop.h"
#include "conf/set.h"
#include "control/server.h"
#include "gateway/inner.h"
#include "gateway/ping.h"
#include "gateway/profile.h"
#include "gateway/resolve.h"
#include "tunnel/apply.h"

struct service_options {
	const char *conf_dir;
	const char *run_dir;
	const char *netns;   /* NULL: the path's own, when isolated; "none": where the process is */
	const char *backend; /* "auto", or the name of a tunnel backend */
	int ready_fd;        /* a supervisor's; -1: none, and the service ends when the path cannot come up */
};

enum service_source { SERVICE_NOTHING, SERVICE_FILES, SERVICE_FALLBACK };

enum { SERVICE_REASON_LEN = TUNNEL_ERROR_LEN, SERVICE_NETNS_LEN = 64 };

struct service {
	const struct profile *profile;
	const struct service_options *options;
	struct loop loop;
	struct control_server control;
	struct loop_source signals, host_monitor, inner_monitor; /* inner's fd is -1 while the tunnel is closed */
	struct loop_timer refresh, repair, retry, settle;
	struct nl host;
	struct pinger pinger;
	struct resolver resolver;
	struct control_call *pending; /* a reconfigure that waits for names */
	int pending_status;

	int conf_dir_fd; /* -1: there is none */
	struct conf_set *set, *spare; /* what runs, and room for a candidate */
	enum service_source source;   /* of set */
	int64_t applied_s;            /* CLOCK_REALTIME when that was */
	size_t file_errors;           /* the files had when the fallback was taken */
	struct diag diag;
	struct conf_facts facts;

	char netns[SERVICE_NETNS_LEN]; /* of the inner interface, "" when that is where the process is */
	int netns_fd;
	bool netns_created;
	bool placed; /* the namespace is open, and what watches it */
	struct tunnel tunnel;
	bool inner_up; /* we brought the interface up */
	uint32_t mtu_bytes;
	char down_reason[SERVICE_REASON_LEN]; /* "" while the path is up, or meant to be down */
	const char *backend_reason;           /* why this backend, for auto; "" otherwise */
	struct tunnel_config wanted, applied, running;
	bool has_applied;
};

/* Runs until a signal says to stop: the process's exit status. */
int service_run(const struct profile *profile, const struct service_options *options);

/* Reads and checks the files into service->spare, findings into service->diag: 0, -EINVAL when they have errors, or
 * -errno when the directory cannot be opened. */
int service_load(struct service *service);

/* Makes set what runs: 0 or -errno with service->down_reason; set is service->set only after success. */
int service_apply(struct service *service, struct conf_set *set, struct tunnel_report *report);

/* service_apply for service->spare, which was loaded cleanly from the files: kept as fallback, names resolved. When it
 * fails what ran before is put back as far as that goes. *resolving: service->pending will be answered. */
int service_adopt(struct service *service, struct tunnel_report *report, bool *resolving);

/* Reads what runs into service->running: 0 or -errno. */
int service_dump(struct service *service);

#endif

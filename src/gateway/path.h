/* One path on this host: its place, its tunnel, its inner interface, kept so while the host changes around it. Knows
 * nothing of files. */
#ifndef GATEWAY_PATH_H
#define GATEWAY_PATH_H

#include "base/loop.h"
#include "gateway/admission.h"
#include "gateway/asked.h"
#include "gateway/carrier.h"
#include "gateway/fence.h"
#include "gateway/inner.h"
#include "gateway/own_nics.h"
#include "gateway/ping.h"
#include "gateway/place.h"
#include "gateway/profile.h"
#include "gateway/resolve.h"
#include "gateway/silent.h"
#include "tunnel/apply.h"

enum { PATH_REASON_LEN = TUNNEL_ERROR_LEN };

struct path {
	const struct profile *profile;
	const char *netns_option; /* NULL: the path's own, when isolated; PLACE_HERE: where the process is; or a name */
	bool contained; /* in a container: what that lacks is said in words of its compose file */
	bool lacks;     /* and down for it: no time mends that */
	const char *backend_option; /* NULL: as .env says; or "auto", or the name of a tunnel backend */
	const char *alias;          /* marks the interface as this path's of this instance */
	const char *sockets_dir;    /* of a backend in user space, where wg(8) cannot find them */
	const char *roamed_file;    /* where peers were last is kept there (gateway/roamed) */
	const char *place_file;     /* where the path is, is kept there (gateway/place) */
	void (*looked)(struct path *path, uint64_t now_ns); /* inner.running is a dump of now */
	void (*disturbed)(struct path *path); /* someone changed the inner interface: path_apply mends it */

	struct loop *loop;
	struct loop_source host_monitor, inner_monitor; /* inner's fd is -1 while the place is not entered */
	struct loop_timer refresh, settle, look, restore;
	uint64_t opened_ns; /* what carries it now */
	struct nl host;
	struct pinger pinger, outside; /* into the tunnel, and past it */
	struct asked asked;            /* into the tunnel: what shows that it works */

	struct place place; /* of the inner interface; what watches it is open as well */
	bool moving; /* the tunnel replaces one whose state is in inner.running */
	bool recalled; /* where peers were before a crash is in inner.running */
	bool applied; /* the tunnel has its peers, and the interface its address: it may come up */
	struct inner inner;
	const struct network_conf *network; /* of what was applied last, for NICs that come late; NULL. Borrowed. */
	struct own_nics nics;
	struct admission admission;
	struct fence fence; /* while the inner interface is where the process is */
	char down_reason[PATH_REASON_LEN]; /* "" while the path is up, or meant to be down */
	struct carrier carrier;
	char told_trouble[TUNNEL_ERROR_LEN];
	struct {
		bool moved;       /* the tunnel was made anew in place of one that ran: sessions began anew */
		bool address_set;
		const char *backend; /* the word it went by */
	} did; /* of the last path_apply */
	struct silent silent;
};

/* profile, netns_option, contained, backend_option, alias, roamed_file, place_file and disturbed are set before. 0 or -errno. */
int path_open(struct path *path, struct loop *loop);
void path_close(struct path *path); /* the interface and a namespace that was made here go too */

/* Makes the path what set says: 0 or -errno with down_reason. set is clustered. */
int path_apply(struct path *path, const struct conf_set *set, const struct conf_facts *facts,
	       const struct resolver *resolver, struct tunnel_report *report);
void path_down(struct path *path); /* not clustered: nothing of it stays */

/* set was applied before this process began: what it says of endpoints is no change. */
void path_recall(struct path *path, const struct conf_set *set, const struct resolver *resolver);
/* And a process that crashed ran it: peers that had roamed are where they were then. */
void path_recall_endpoints(struct path *path);

/* What is wrong while it runs, "" when nothing is. */
const char *path_trouble(const struct path *path);

#endif

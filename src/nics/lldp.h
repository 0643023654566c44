/* Which switch and port each NIC is at: what LLDP tells, kept for as long as it said that it holds. The frames are another
 * process's (lldp_agent). */
#ifndef NICS_LLDP_H
#define NICS_LLDP_H

#include "base/loop.h"
#include "base/wrap.h"
#include "network/lldp.h"
#include "network/nics.h"
#include "nics/lldp_agent.h"
#include "worker/beside.h"

/* LLDP_NEIGHBOURS_MAX: a hub or a bridge that passes everything on has several at one NIC; who is there first is kept. */
enum { LLDP_NEIGHBOURS_MAX = 4, LLDP_LOOK_S = 10, LLDP_SAY_AGAIN_S = 60 };

struct lldp {
	struct loop *loop; /* NULL: it could not be opened */
	struct nl *nl;
	const char *run_dir;
	const struct network_conf *conf; /* that runs, NULL: none */
	struct beside agent;
	bool begun; /* the agent can be told something */
	struct loop_source words;
	struct loop_timer look;
	struct lldp_nic {
		uint32_t index; /* 0: a free place */
		char name[IFNAMSIZ];
		bool there, routers_only;
		bool handed; /* its packet socket is the agent's */
		struct lldp_order wanted, told; /* what the agent is to have, and has */
		bool said;
		uint64_t said_ns; /* when who is there was in the log last */
		struct lldp_neighbour {
			struct lldp_frame frame;
			uint64_t heard_ns;
		} neighbours[LLDP_NEIGHBOURS_MAX];
		size_t count;
		bool more; /* than there is room for */
	} nics[NICS_MAX];
};

void lldp_open(struct lldp *lldp, struct loop *loop, struct nl *nl, const char *run_dir);
void lldp_close(struct lldp *lldp);
/* The NICs, their addresses or the files have changed. conf is borrowed until the next call. */
void lldp_follow(struct lldp *lldp, const struct network_conf *conf);

/* Lines as around_print has them: none where none was heard, but for whole. */
void lldp_print(const struct lldp *lldp, uint32_t index, bool whole, uint64_t now_ns, wrap_line_fn *line, void *arg);

/* Pure: a frame that was heard by a NIC. What it says in the log, "": nothing. */
enum { LLDP_LINE_LEN = 320 };
void lldp_take(struct lldp_nic *nic, const struct lldp_frame *frame, uint64_t now_ns, char line[static LLDP_LINE_LEN]);
void lldp_expire(struct lldp_nic *nic, uint64_t now_ns);

#endif

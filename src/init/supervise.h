/* When a supervised process is started, stopped, started again: a pure state machine; others fork and kill. */
#ifndef INIT_SUPERVISE_H
#define INIT_SUPERVISE_H

#include <stdbool.h>
#include <stdint.h>

enum supervise_state { SUPERVISE_DOWN, SUPERVISE_STARTING, SUPERVISE_READY, SUPERVISE_WAITING, SUPERVISE_STOPPING,
		       SUPERVISE_STATES };
enum supervise_event { SUPERVISE_START, SUPERVISE_IS_READY, SUPERVISE_EXITED, SUPERVISE_DUE, SUPERVISE_STOP,
		       SUPERVISE_EVENTS };
enum supervise_action { SUPERVISE_NOTHING, SUPERVISE_SPAWN, SUPERVISE_TERMINATE, SUPERVISE_KILL };

enum {
	BACKOFF_MIN_S = 1,
	BACKOFF_MAX_S = 60,
	BACKOFF_READY_MAX_S = 5, /* of a service that was ready once: it can be had, and others wait for it */
	STABLE_S = 60,   /* a process that ran so long crashed for a new reason: back to the shortest wait */
	STOP_WAIT_S = 5, /* from SIGTERM to SIGKILL */
};

struct supervised {
	enum supervise_state state;
	uint64_t started_ns;
	uint64_t due_ns; /* of the next SUPERVISE_DUE; 0: none */
	uint64_t backoff_s;
	unsigned restarts;
	bool was_ready; /* ever */
};

enum supervise_action supervise_step(struct supervised *service, enum supervise_event event, uint64_t now_ns);

#endif

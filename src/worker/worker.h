/* The frame of a service: its loop, its signals, its control socket with verbs as a table, and what its supervisor is told. */
#ifndef WORKER_WORKER_H
#define WORKER_WORKER_H

#include <stdbool.h>

#include "base/loop.h"
#include "control/server.h"

struct change;
struct worker;

struct worker_options {
	const char *conf_dir;
	const char *run_dir;
	const char *state_dir; /* the fallback is kept there; NULL: nowhere */
	const char *state_hint; /* what to do when that is read-only; "": nothing that a user of this service could */
	int ready_fd; /* a supervisor's; -1: none */
	int pulse_fd; /* likewise, and told that the loop turns (base/pulse.h); not blocking */
	bool stays;   /* what does not come up is no reason to end: it is tried again, and asked why */
};

/* Answers as control_request_fn says. */
typedef void worker_verb_fn(struct worker *worker, struct control_call *call, int argc, char **argv, uint64_t now_ns);

struct worker_verb {
	const char *name, *words; /* the last of a table has no name */
	const char *about;        /* a sentence for people */
	worker_verb_fn *run;
};

struct worker_ops {
	const struct worker_verb *verbs;
	int (*open)(struct worker *worker);   /* what the service needs of the host, before anyone can ask it: 0 or -errno */
	int (*start)(struct worker *worker);  /* may take its time, nothing is served yet: 0, or -errno, told, and it ends */
	void (*close)(struct worker *worker); /* what start began, in whole or in part */
	bool (*lost)(struct worker *worker); /* see PULSE_LOST; NULL: never */
};

struct worker {
	const char *name; /* of the service, its socket and its lines in the log; set before, as the next three */
	const struct worker_options *options;
	const struct worker_ops *ops;
	struct change *change; /* of its files (worker/change.h), for those verbs */
	struct loop loop;
	struct control_server control;
	struct loop_source signals;
	struct loop_timer pulse;
	bool told_ready;
};

/* Runs until a signal says to stop: the process's exit status. */
int worker_run(struct worker *worker);

/* It goes on, and is asked, when what it stands for does not come up. */
static inline bool worker_stays(const struct worker_options *options)
{
	return options->ready_fd >= 0 || options->stays;
}

/* The supervisor waits for this: up, or there to answer and down. Once is enough. */
void worker_tell_ready(struct worker *worker, bool up);

/* The number of a descriptor that its supervisor hands it, as an option has it; NULL: none is given. False: it is none. */
bool worker_read_fd(const char *text, int *fd);

/* "show [--json]" and so on for usage lines. */
void worker_usage(const struct worker_verb *verbs, void (*line)(void *arg, const char *text), void *arg);

#endif

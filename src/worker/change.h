/* How one set of files takes the place of another in a worker: read once, or handed over by a caller who did; checked,
 * planned, applied, undone, kept. What runs stands in memory (RUN/applied), so a worker that starts again needs no disk. */
#ifndef WORKER_CHANGE_H
#define WORKER_CHANGE_H

#include "conf/set.h"
#include "worker/keeper.h"
#include "worker/reader.h"
#include "worker/worker.h"

struct change;

/* How much a plan says. CHANGE_SAY_ALL: what changes, in lines. CHANGE_SAY_LINES: the same by kind; and to standard error what must be meant, by kind as well:
 * what is cut, in words behind "this cuts" (EXIT_ASKED), or why it is refused without force (EXIT_REFUSED). */
enum change_say { CHANGE_SAY_NOTHING, CHANGE_SAY_LOSS, CHANGE_SAY_ALL, CHANGE_SAY_LINES };

/* Those that return an int return an exit status, and have told the call why. */
struct change_ops {
	unsigned files;       /* what of a set is the worker's, bits 1 << enum conf_file */
	bool undo_once_kept;  /* the set that was replaced stays at hand; it holds no key */
	/* The candidate against the host, findings to diag. */
	void (*check)(struct change *change);
	/* What the candidate would take away: said, as it is wanted. EXIT_ASKED or EXIT_REFUSED: only with force. */
	int (*plan)(struct change *change, struct control_call *call, bool force, enum change_say say);
	/* Makes the candidate what runs, and what ran the candidate, undoable; or fails, and says by as_before whether what ran
	 * runs on. undoes: who asks puts it
	 * back when this fails, and what was wrong before is no failure then. */
	int (*apply)(struct change *change, struct control_call *call, bool undoes);
	int (*undo)(struct change *change, struct control_call *call); /* the same the other way round */
	const struct conf_set *(*running)(struct change *change); /* NULL: nothing runs */
	bool (*settled)(struct change *change); /* all there is to tell of what was applied is known; NULL: at once */
	void (*tell_rest)(struct change *change, struct control_call *call); /* that; NULL: there is none */
	void (*refused)(struct change *change, struct control_call *call);   /* what goes on */
};

/* As it was asked for. */
struct change_asked {
	struct control_call *call; /* NULL: no one waits */
	bool force, quiet, dry, keep, lines;
	bool told; /* by the `apply` before this `keep`, what there is to tell */
};

struct change {
	struct worker *worker;
	const struct change_ops *ops;
	struct conf_set *candidate; /* or what ran before, while undoable */
	struct diag diag;           /* of the candidate */
	bool undoable;
	bool as_before;             /* whatever was planned or applied last, nothing of it runs; false: so much is not known */
	struct reader reader;
	struct keeper keeper;
	bool keeping; /* what runs is being written as the fallback */
	int keep_err;
	bool told_read_only;
	struct change_asked asked;   /* waits for the reader */
	struct change_asked pending; /* waits for the rest and the keeper */
	struct loop_timer over;      /* of either */
};

/* The verbs, for a worker's table. Where a directory comes with a plan or an apply, its files are meant, else the worker's
 * own. reconfigure is plan, apply and keep. */
#define CHANGE_VERBS                                                                                                                   \
	{ "reconfigure", "[--force] [--quiet] [--dry-run]",                                                                            \
	  "apply changed files; --dry-run: 0 they would be, 3 they are refused, 4 only with --force", change_verb_reconfigure },        \
		{ "plan", "[--force] [--quiet] [--lines]",                                                                              \
		  "what a `reconfigure` would change; --lines: each with its kind and a tab in front", change_verb_plan },              \
		{ "apply", "[--force] [--quiet]", "a `reconfigure` that can be put back until `keep`", change_verb_apply },               \
		{ "undo", "[--quiet]", "put back what ran before `apply`", change_verb_undo },                                            \
		{ "keep", "", "what was applied is the fallback from now on", change_verb_keep }
worker_verb_fn change_verb_reconfigure, change_verb_plan, change_verb_apply, change_verb_undo, change_verb_keep;

/* worker, ops and candidate are set. */
void change_init(struct change *change, struct conf_set *set); /* set: the other one, that the candidate changes places with */
void change_stop(struct change *change); /* before the worker's sets go */
void change_end(struct change *change);  /* waits for the disk: the last thing a service does */

void change_ran(struct change *change);   /* what runs came up: it is what goes on after a crash */
void change_forget(struct change *change); /* nothing runs any more */
void change_keep(struct change *change);  /* what runs is the fallback from now on; change_progress when it is written */
bool change_waits(const struct change *change); /* someone waits for change_progress, who will be told the rest */
void change_progress(struct change *change);

#endif

/* Whether an image on trial is good: when both paths' peers that were alive before are heard again. A pure state machine; others look,
 * confirm, reboot. */
#ifndef INIT_VERDICT_H
#define INIT_VERDICT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

enum {
	BOOT_GOOD_S = 900,     /* of board.conf: it is good by then, or bad */
	BOOT_CARRIER_S = 3600, /* likewise: how long it waits for NICs without carrier */
	VERDICT_STEPS_S = 120, /* the boot steps may take so long, or BOOT_GOOD_S where that is more */
	VERDICT_HEALTHY_S = 120, /* where no peer was alive: so long without a fault, or half of BOOT_GOOD_S where that is less */
	VERDICT_PATHS = 2,
	VERDICT_WHY_LEN = 240,
};

/* What can be seen at a time. */
struct verdict_seen {
	bool nics_up; /* their service answers */
	struct verdict_path {
		bool up;
		unsigned count, heard; /* peers that were alive before, whose sections have not changed; those of them heard by now */
	} paths[VERDICT_PATHS];
	unsigned dark;     /* NICs without carrier that had it before */
	unsigned absent;   /* NICs that had it before and are not there */
	unsigned restarts; /* of services, by now */
};

enum verdict_decision { VERDICT_WAIT, VERDICT_GOOD, VERDICT_BAD };

struct verdict {
	uint64_t good_ns, carrier_ns, healthy_ns;
	uint64_t began_ns; /* the image, or behind the boot steps its services */
	uint64_t lit_ns;   /* from when on BOOT_GOOD_S counts */
	uint64_t well_ns;  /* since when there is no fault */
	bool services;     /* the boot steps are over */
	bool known, dark, well;
	struct verdict_seen seen;
};

/* The image has begun; seconds as board.conf has them. */
void verdict_begin(struct verdict *verdict, unsigned good_s, unsigned carrier_s, uint64_t now_ns);
void verdict_services(struct verdict *verdict, uint64_t now_ns); /* the boot steps are over */
/* seen is NULL when nothing new is known, and time alone goes on. */
enum verdict_decision verdict_step(struct verdict *verdict, const struct verdict_seen *seen, uint64_t now_ns);
/* What it is good for, or lacks. */
void verdict_why(const struct verdict *verdict, char why[static VERDICT_WHY_LEN]);

/* "NICS_UP UP COUNT HEARD UP COUNT HEARD DARK ABSENT", as `config trial` tells it. False: it is none. */
bool verdict_parse(struct slice line, struct verdict_seen *seen);

#endif

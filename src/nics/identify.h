/* `network identify NIC`: its light blinks, so that a hand at the rack finds it. */
#ifndef NICS_IDENTIFY_H
#define NICS_IDENTIFY_H

#include "worker/worker.h"

/* Answers the call when the light has blinked; the loop goes on meanwhile. */
worker_verb_fn identify_verb;

#endif

/* One process under PID 1 that may stand still: what the kernel says of it is looked at, and it is told and killed as init/pulse.h
 * decides. */
#ifndef INIT_STANDS_H
#define INIT_STANDS_H

#include <stdbool.h>
#include <sys/types.h>

#include "init/pulse.h"

/* Each PULSE_TICK_S. pid 0: it does not run. False: only a reset helps. */
bool stands_tick(struct pulse *pulse, const char *name, pid_t pid);

#endif

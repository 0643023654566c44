/* "r, Enter" at a console while the machine starts: from then on there are consoles and nothing else. */
#ifndef INIT_RECOVERY_H
#define INIT_RECOVERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/loop.h"

/* PID 1: takes it for so many seconds (0: not at all), while the boot goes on; before any other process is started. */
void recovery_offer(struct loop *loop, unsigned seconds, uint64_t now_ns);

/* PID 1: a console was told so. False when it is not offered any more. */
bool recovery_choose(void);

/* PID 1: it may be chosen yet. */
bool recovery_is_offered(void);

/* Any process: it was chosen. */
bool recovery_is_on(void);

/* The process of the boot steps, in front of what cannot be undone: waits for the end of the offer. False: it was chosen. */
bool recovery_may_change(void);

/* PID 1: all that was to stop has stopped; words for whoever sits at a console. */
void recovery_tell(const char *words);

/* For child_call: the NICs are down. */
int recovery_nics_down(void);

#endif

/* The boot steps that come one after another, with the time each took. */
#ifndef INIT_STEPS_H
#define INIT_STEPS_H

#include <stdint.h>

/* Each runs its part of the table, whatever fails; BOOT_FILE tells of every step. The first part takes no time;
 * the second may wait for hardware, disks and e2fsck and is for a process of its own, while PID 1 keeps the console. */
void steps_run_first(void);
void steps_run_rest(void);

/* Adds a line of its own, for what comes up later: seconds since the kernel started. */
void steps_tell(const char *name, uint64_t took_ns, int err, const char *words);

#endif

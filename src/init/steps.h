/* The boot steps that come one after another, with the time each took. */
#ifndef INIT_STEPS_H
#define INIT_STEPS_H

#include <stdint.h>

#define BOOT_DIR "/run/gateway"
#define BOOT_FILE "boot"

/* Runs them all, whatever fails. BOOT_DIR/BOOT_FILE tells of each. console is run as one of them, early: the others may
 * wait for minutes and are to be watched. */
void steps_run(int (*console)(void));

/* Adds a line of its own, for what comes up later: seconds since the kernel started. */
void steps_tell(const char *name, uint64_t took_ns, int err, const char *words);

#endif

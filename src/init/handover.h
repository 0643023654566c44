/* The hand-over: the paths come up as in every boot, then PID 1 gives its place to the init of a root file system on another
 * partition. The kernel's tunnels, addresses, namespaces and filter stay; what fails before that leaves the appliance as it is. */
#ifndef INIT_HANDOVER_H
#define INIT_HANDOVER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/loop.h"

/* PID 1: the services begin. Nothing happens where no one asked for a next root. */
void handover_begin(struct loop *loop, uint64_t now_ns);
/* Again and again. */
void handover_tick(uint64_t now_ns);
/* A child was reaped, one of these or another, and processes know it. */
void handover_exited(pid_t pid, int status, uint64_t now_ns);
/* The end of this system, or recovery, comes first. */
void handover_stop(void);

/* Whether someone changes the configuration, the ESP or a disk at this moment, by the locks in the run directory. */
bool handover_is_locked(int run_fd);

#endif

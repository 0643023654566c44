/* What is written to the partition again and again by children of PID 1, which a disk that hangs may hold: the time, and who is alive. */
#ifndef INIT_KEEPERS_H
#define INIT_KEEPERS_H

#include <stdint.h>
#include <sys/types.h>

#include "base/loop.h"

void keepers_begin(struct loop *loop, uint64_t now_ns);
void keepers_clock(uint64_t now_ns); /* stamps are sent from now on: the time is marked, and again and again */
void keepers_exited(pid_t pid); /* one of these or another */
void keepers_stop(void);        /* no more from here; one that writes goes on */

#endif

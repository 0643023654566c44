/* What happens when the time comes that a change waits for: part of `config watch`. */
#ifndef CONFIG_DUE_H
#define CONFIG_DUE_H

#include "config/owner.h"

int due_open(void); /* a descriptor that can be read when the time has come, or the clock was set; -errno */
/* Whether its time has come, and no one else changes anything: due_run is next. *process: whose end is to be waited for first, 0: no
 * one's. */
bool due_is(int run_fd, pid_t *process);
/* In a process of its own, which ends with its result: an exit status. It was told in the log. */
int due_run(struct owner *owner);

#endif

/* Addresses that another machine has as well, told in `network` and where others look for them: the run directory's file `conflicts`. */
#ifndef NICS_CONFLICTS_H
#define NICS_CONFLICTS_H

#include "control/server.h"
#include "network/conflict.h"

void conflicts_write(const struct conflicts *conflicts, const char *run_dir); /* what cannot be written is told in the log */
void conflicts_print(const struct conflicts *conflicts, struct control_call *call);

#endif

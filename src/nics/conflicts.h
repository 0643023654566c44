/* Addresses that another machine has as well, where others look for them: the run directory's file `conflicts`. */
#ifndef NICS_CONFLICTS_H
#define NICS_CONFLICTS_H

#include "network/conflict.h"

void conflicts_write(const struct conflicts *conflicts, const char *run_dir); /* what cannot be written is told in the log */

#endif

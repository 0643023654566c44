/* What a service that was killed left behind. */
#ifndef GATEWAY_LEFTOVER_H
#define GATEWAY_LEFTOVER_H

#include "gateway/profile.h"

/* The command `remove`: takes away the interface and the namespace of a path that is not to be started again, and what of it is in run_dir; an
 * exit status. */
int leftover_main(const struct profile *profile, const char *run_dir);

#endif

/* The process that undoes what no one confirmed in time, or what its own process left half way; it holds nothing, and may be started
 * again at any time. */
#ifndef CONFIG_WATCH_H
#define CONFIG_WATCH_H

#include "config/owner.h"

int watch_run(struct owner *owner); /* an exit status; it does not end by itself */

#endif

/* The verbs of a path's control socket, as a table, and how its files change, in words. */
#ifndef GATEWAY_VERBS_H
#define GATEWAY_VERBS_H

#include "gateway/service.h"

extern const struct worker_verb path_verbs[];
extern const struct change_ops path_changes;

#endif

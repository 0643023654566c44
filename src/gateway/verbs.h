/* The verbs of a path's control socket, as a table. */
#ifndef GATEWAY_VERBS_H
#define GATEWAY_VERBS_H

#include "gateway/service.h"

extern const struct worker_verb path_verbs[];
extern const struct service_answers path_answers;

#endif

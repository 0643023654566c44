/* What a set of files makes of a path that runs, told to who asks for it; and what of that must be meant. */
#ifndef GATEWAY_PLAN_SET_H
#define GATEWAY_PLAN_SET_H

#include "gateway/service.h"

/* change_ops' plan. */
int plan_set(struct change *change, struct control_call *call, bool force, enum change_say say);

#endif

/* What a set changes of a path by the names of .env, in lines for the one who is about to apply it. */
#ifndef GATEWAY_PLAN_KEYS_H
#define GATEWAY_PLAN_KEYS_H

#include "gateway/service.h"

/* Of the candidate against what runs. With less than lines only what has sessions begin anew. How many of
 * those that are alive do. */
unsigned plan_keys(struct service *service, struct control_call *call, enum change_say say);
/* That so many do must be meant, to standard error. */
void plan_keys_ask(const struct service *service, struct control_call *call, enum change_say say, unsigned anew);

#endif

/* What a network.conf takes away, of this host and of others, in words for who is asked. */
#ifndef NICS_LOSS_H
#define NICS_LOSS_H

#include "control/server.h"
#include "network/claimed.h"

/* Behind "this cuts". last: the last address of the host goes. */
void loss_print_cuts(struct control_call *call, bool last, const struct claimed *claimed);
/* In sentences. loss: what the host loses, "" when that is nothing. */
void loss_print(struct control_call *call, const char *loss, const struct claimed *claimed);

#endif

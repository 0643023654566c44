/* What a network.conf takes away, of this host and of others, in words for who is asked. */
#ifndef NICS_LOSS_H
#define NICS_LOSS_H

#include "control/server.h"
#include "network/claimed.h"

/* loss: what the host loses, "" when that is nothing. by_kind: as of CHANGE_SAY_LINES (worker/change.h); else in sentences. */
void loss_print(struct control_call *call, bool by_kind, const char *loss, const struct claimed *claimed);

#endif

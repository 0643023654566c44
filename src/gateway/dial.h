/* The verb `dial NAME`: a connection to a peer's cluster port through this path, for who has no way into it. */
#ifndef GATEWAY_DIAL_H
#define GATEWAY_DIAL_H

#include "control/server.h"
#include "worker/worker.h"

/* argv[1] is the peer's name or VPN address; the call's descriptor a unix socket, which gets the connection's (base/pass.h) before the
 * answer: that is about to be made, and whoever asked waits for it. */
void dial(struct worker *worker, struct control_call *call, int argc, char **argv, uint64_t now_ns);

#endif

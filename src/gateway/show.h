/* `show` and `wg show`: what a path is and does. */
#ifndef GATEWAY_SHOW_H
#define GATEWAY_SHOW_H

#include "control/server.h"
#include "gateway/service.h"
#include "report/view.h"

/* only: a peer's name, VPN address or public key, "" for all of them. Each answers call, in pieces when there are many peers: others are answered between them. The exit status is 0, or 1 when the path
 * is down and should not be. */
void show(struct service *service, struct control_call *call, const struct report_view *view, const char *only);
/* wg show [INTERFACE | all] [dump | FIELD], wg show interfaces, wg showconf [INTERFACE] */
void show_wg(struct service *service, struct control_call *call, int argc, char **argv);

/* One line: the state, and which configuration runs. */
void show_status(struct service *service, struct control_call *call);

#endif

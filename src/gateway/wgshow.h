/* The path's interface as wg(8) shows it, for either backend: the image has no other wg. */
#ifndef GATEWAY_WGSHOW_H
#define GATEWAY_WGSHOW_H

#include "control/server.h"
#include "gateway/service.h"

/* wg show [INTERFACE] [dump] | wg showconf [INTERFACE]: prints to call, returns the exit status. */
int wgshow(struct service *service, struct control_call *call, int argc, char **argv);

#endif

/* `network identify NIC`: its light blinks, so that a hand at the rack finds it. */
#ifndef NICS_IDENTIFY_H
#define NICS_IDENTIFY_H

#include "control/server.h"

/* `identify NIC`: answers the call when the light has blinked; the loop goes on meanwhile. */
void identify_begin(struct control_call *call, struct loop *loop, int argc, char **argv);

#endif

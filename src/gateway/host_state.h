/* What of the host keeps the paths from working: its NICs, its clock. */
#ifndef GATEWAY_HOST_STATE_H
#define GATEWAY_HOST_STATE_H

#include <stdbool.h>

/* A sentence for each thing that is wrong. False: no NIC has an address. */
bool host_print_nics(void (*line)(void *arg, const char *text), void *arg);
void host_print_clock(void (*line)(void *arg, const char *text), void *arg);

#endif

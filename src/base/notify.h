/* What a supervisor that speaks sd_notify(3)'s protocol is told: a datagram to $NOTIFY_SOCKET. Without one, nothing. */
#ifndef BASE_NOTIFY_H
#define BASE_NOTIFY_H

#include <stdbool.h>

bool notify_wanted(void);
void notify(const char *state); /* "READY=1" and so on, lines of them */

#endif

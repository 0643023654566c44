/* The wall clock never goes back over a reboot: peers drop a handshake whose TAI64N stamp (WireGuard paper 5.1) is not
 * above the last one they saw, so a lost clock battery would cut the appliance off. */
#ifndef INIT_CLOCKFLOOR_H
#define INIT_CLOCKFLOOR_H

#include <stddef.h>

enum { CLOCKFLOOR_INTERVAL_S = 600 };

/* Sets the clock forward to what the persistent partition last saw, when it is behind. 0 or -errno, with words. */
int clockfloor_raise(char *words, size_t cap);

/* For child_call: remembers the present time on the persistent partition. 0, or 1 on failure. */
int clockfloor_keep(void);

#endif

/* Owns SIGINT as a thing that came: Ctrl-C counts whenever it does, also right before someone waits. */
#ifndef BASE_INTERRUPT_H
#define BASE_INTERRUPT_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <time.h>

void interrupt_hear(void);   /* from here on it is noted and ends nothing */
void interrupt_unhear(void); /* as it was before */

bool interrupt_came(void); /* since interrupt_clear */
void interrupt_clear(void);

/* ppoll(2), which an interrupt ends that comes now or that interrupt_came has not told of: 1, 0 after the timeout (NULL:
 * none), -EINTR, or -errno. */
int interrupt_poll(struct pollfd *what, size_t count, const struct timespec *timeout);

#endif

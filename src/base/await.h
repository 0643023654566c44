/* One descriptor, waited for up to a time. */
#ifndef BASE_AWAIT_H
#define BASE_AWAIT_H

#include <poll.h>
#include <stdint.h>

/* 0 once fd is ready for one of events (poll(2)'s), or has come to its end; -ETIMEDOUT at deadline_ns of clock_now_ns(), and from then on
 * even if it is ready, so that who always has more to say ends a loop too; or -errno. A signal does not end it. */
int await_ready(int fd, short events, uint64_t deadline_ns);

#endif

/* Whether an opener that was started just now answers, before anyone relies on it. */
#ifndef TUNNEL_OPENER_GREET_H
#define TUNNEL_OPENER_GREET_H

/* Nothing else was said to it by fd yet. Waits for it: 0; -EPIPE, -ECONNRESET: it ended; -ETIMEDOUT; -EBADMSG: it is none; or another -errno. */
int opener_greet(int fd, unsigned wait_ms);

#endif

/* Whether the kernel takes packets in by a thread of its own. */
#ifndef TUNNEL_THREADED_H
#define TUNNEL_THREADED_H

/* An interface whose `threaded` reads 1 is set to 0, of the namespace netns_fd (-1: ours): with threads the receive side of the
 * kernel's WireGuard can stall for good (CVE-2026-52945). 1 when it was; 0 when there was nothing to do; -errno: it is, and stays. */
int threaded_stop(int netns_fd, const char *device);

#endif

/* Named network namespaces, kept under /run/netns as iproute2 keeps them. */
#ifndef NETLINK_NETNS_H
#define NETLINK_NETNS_H

#include <stdbool.h>

#define NETNS_DIR "/run/netns"

/* Opens the namespace, creating it (lo up, bind-mounted so that it outlives its processes) when it does not exist:
 * an fd or -errno. *created tells which. The caller closes the fd. Of two processes that create one at once, by this
 * or by `ip netns add`, both get the same. The calling thread's own namespace stays as it is. */
int netns_open(const char *name, bool *created);
int netns_remove(const char *name); /* unmounts and unlinks: 0, -ENOENT or -errno */
int netns_current(void);            /* an fd of the calling thread's namespace, or -errno */

/* Calls fn with the calling thread in the namespace fd and comes back; fd -1 is "stay here". Returns what fn
 * returned, or -errno when the namespace could not be entered. If the way back fails, it aborts: nothing the
 * process would do from then on happens where it should. */
int netns_call(int fd, int (*fn)(void *arg), void *arg);

#endif

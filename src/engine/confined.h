/* What the packet process is left with: what it holds, and a list of system calls. */
#ifndef ENGINE_CONFINED_H
#define ENGINE_CONFINED_H

#include "base/syscalls.h"

/* Everything that takes a right, a name or a socket is open by now: the TUN, netlink sockets and monitors, the sockets that it serves,
 * timers, signals, the log, and its end of the opener's socket (engine/opened.h), which does what still takes one. From now on it is a user
 * of its own, without a capability, in an empty root, and makes no other calls than packets, descriptors that are handed in, and the ends of
 * those take. 0 or -errno, and it must not go on.
 *
 * A container without CAP_SYS_CHROOT keeps its root, of which nothing can be opened (Landlock, and the list); one without CAP_SETUID and
 * CAP_SETGID keeps its user. Both run, without a capability, and the log tells. */
int engine_confine(void);

/* So many descriptors and so much memory as its work can take, and no more: whoever broke in takes none from the others. */
void engine_bound(void);

/* syscalls_only(), or a line in the log where that cannot be had: 0 or -errno. */
int engine_calls_only(const struct syscall_row *rows, size_t count);

/* servant_open_nothing(), or a line in the log where that cannot be had. */
void engine_open_nothing(void);

/* What is told where it keeps its user: who, the user that it is, and is not. */
#define ENGINE_STAYS "%s stays user %u: to be user %u takes CAP_SETUID and CAP_SETGID (`cap_add: [SETUID, SETGID]` in docker-compose.yml)"

#endif

/* A lock that one process has, until it lets go or ends; others can ask who it is. */
#ifndef BASE_LOCKFILE_H
#define BASE_LOCKFILE_H

#include <sys/types.h>

/* A descriptor, to be closed when it is over; -EBUSY with its holder, which did not end within 2 s; or -errno. No other descriptor of
 * that file may be closed meanwhile: with fcntl(2)'s locks that lets go as well. */
int lockfile_take(int dir_fd, const char *name, pid_t *holder);
pid_t lockfile_holder(int dir_fd, const char *name); /* 0: no other process */

#endif

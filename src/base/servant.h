/* What a process does first that serves another one, or the system, and reads what strangers wrote. */
#ifndef BASE_SERVANT_H
#define BASE_SERVANT_H

#include <stdint.h>
#include <sys/types.h>

/* First: it belongs to a user of its own, who has nothing; whoever is no root stays who it is. 0 or -errno. */
int servant_become(uid_t uid);

/* The same, and it keeps these capabilities (bits 1 << CAP_*, of the first 32), over execve(2) too, and gets no others. */
int servant_become_with(uid_t uid, uint32_t capabilities);

/* It ends with the process that started it, which holds the other end of its standard output: 0, or -errno when that is gone. */
int servant_bind(void);

/* It can do no more than any process of its user from now on: 0 or -errno. */
int servant_give_up(void);

/* The same, but for these capabilities. */
int servant_keep(uint32_t capabilities);
uint32_t servant_has(void); /* those of the first 32 that it has now */

/* Before any of it: no name leads anywhere any more, since its root is the directory of a process that has ended; what it holds stays
 * open. 0, -EPERM without CAP_SYS_CHROOT, or -errno, and it sees what it saw. It must have no other thread, and /proc is mounted. */
int servant_see_nothing(void);

/* Behind that: it opens, makes and removes no file any more, whoever's it is; what it holds stays open, and sockets with a name can be
 * connected to. 0 or -errno of a kernel without Landlock, or of a container that denies it. */
int servant_open_nothing(void);

#endif

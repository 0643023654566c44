/* This binary as another process, by one of its applets. What that has of ours is said here: descriptors, by the numbers that they get (which may
 * be another's of ours), and those that are not closed by execve(2); an environment; no signal is blocked. */
#ifndef BASE_SELF_H
#define BASE_SELF_H

#include <stddef.h>
#include <sys/types.h>

enum { SELF_FDS_MAX = 4 };

/* Ours, and the number that it has there. */
struct self_fd {
	int from, to;
};

/* As vfork(2), goes on once the other program runs: what is closed from then on no one else has open any more. environment NULL: nothing. The
 * child is to be waited for: 0 or -errno. */
int self_spawn(const char *const *argv, const char *const *environment, const struct self_fd *fds, size_t count, pid_t *pid);

/* The same of one whose standard input is an end of a SOCK_SEQPACKET pair, and which has our standard error: our end, or -errno. */
int self_spawn_behind(const char *const *argv, pid_t *pid);

/* In a child that was made already: it becomes that, without an environment. Ends with 127 when it cannot. */
_Noreturn void self_become(const char *const *argv, const struct self_fd *fds, size_t count);

#endif

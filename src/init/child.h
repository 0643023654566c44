/* Child processes of PID 1: started, waited for with a deadline, never waited for without one. */
#ifndef INIT_CHILD_H
#define INIT_CHILD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "init/confine.h"

struct child_spec {
	const char *const *argv; /* argv[0] is the program's name; it is our own binary unless path is given */
	const char *path;        /* NULL: our own binary */
	const char *tty;         /* its controlling terminal and standard input and output; NULL: none */
	unsigned tty_speed;      /* bit/s; 0: leave it */
	int ready_fd;            /* passed on as CHILD_READY_FD; -1: none. Of a console: the log */
	int second_fd;           /* passed on as CHILD_SECOND_FD; 0: none */
	struct confinement confinement;
};

enum { CHILD_READY_FD = 3, CHILD_SECOND_FD };

pid_t child_start(const struct child_spec *spec); /* pid or -errno */

/* The wait status of a child of ours, or -ETIMEDOUT (it is killed then), or -errno. */
int child_wait(pid_t pid, uint64_t timeout_ns);

int child_await(pid_t pid, uint64_t timeout_ns); /* the same, but it goes on then */

/* A terminal as a program expects to find it; 0 bit/s: at the speed that it has. */
void child_set_line(int fd, unsigned bits_per_s);

/* PID 1: ends all other processes, as far as they can be. spare: not those whose name begins with '@', which are to live on under the
 * next root file system, as systemd has it too. */
void child_end_all(uint64_t timeout_ns, bool spare);

/* A process of its own for fn, which may block: pid or -errno. */
pid_t child_begin(int (*fn)(void));
/* The same, waited for: its exit status, or as child_wait. */
int child_call(int (*fn)(void), uint64_t timeout_ns);

#endif

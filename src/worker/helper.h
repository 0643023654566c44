/* A child process for what may block (name servers, disks) while the service goes on: it tells over a pipe. */
#ifndef WORKER_HELPER_H
#define WORKER_HELPER_H

#include <sys/types.h>

#include "base/loop.h"

struct helper {
	struct loop_source source; /* our end of the pipe */
	struct loop *loop;
	pid_t child; /* 0: none runs */
};

/* run(fd, arg) is the child's life: it writes records shorter than PIPE_BUF to fd and returns. Of our other file
 * descriptors it has keep_fd alone (-1: none), so that nothing we close stays open by it. ready is called when a record can
 * be read, and when there will be none (read says 0): then helper_end is due. 0 or -errno; -EBUSY
 * while too many that were killed have not ended. */
int helper_start(struct helper *helper, struct loop *loop, void (*run)(int fd, const void *arg), const void *arg,
		 int keep_fd, loop_ready_fn *ready);
/* What no helper reads is in none of them: a service that goes on writing there waits for no copy of its pages. memory is there for good. */
void helper_spare(void *memory, size_t len);
int helper_end(struct helper *helper);   /* waits for a child that is on its way out: its status, as wait(2) has it */
void helper_kill(struct helper *helper); /* also when none runs; waits for nothing */

#endif

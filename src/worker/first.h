/* The first process of a container: a service that is started as that must also hand on signals, which the kernel keeps from a
 * first process that does not catch them, and reap what others leave behind. */
#ifndef WORKER_FIRST_H
#define WORKER_FIRST_H

/* Where this is process 1: forks, and returns in the child alone, which is the service; process 1 ends with it, by its status.
 * Elsewhere it does nothing. */
void first_process(void);

#endif

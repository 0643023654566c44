/* What is on a disk, or in a directory, made to go. */
#ifndef INIT_WIPE_H
#define INIT_WIPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Zeros over these bytes of a device: 0 or -errno. progress is told how far it is, now and then; NULL: no one. */
int wipe_range(int fd, uint64_t from, uint64_t to, void (*progress)(uint64_t at));

/* The disk may forget them, where it can. What cannot be had is no error: they were overwritten. */
void wipe_discard(int fd, uint64_t from, uint64_t to);

/* dir_fd/name, with all that is below it: 0 or the first -errno; what can go goes. A symbolic link goes and is not followed. */
int wipe_tree(int dir_fd, const char *name);

/* Calls each with every name in a directory but . and .. */
int wipe_each(int dir_fd, int (*each)(int dir_fd, const char *name, void *arg), void *arg);

#endif

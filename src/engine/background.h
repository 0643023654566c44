/* How a process becomes one that no one's terminal, session or descriptors are in the way of, and no one's end ends. */
#ifndef ENGINE_BACKGROUND_H
#define ENGINE_BACKGROUND_H

#include <stdbool.h>
#include <stddef.h>

/* First of all: what it was started with is kept from it. Of its descriptors it has the first three and those of keep (each above 2, or
 * -1), its signals are at their default, and its name as ps(1) and systemd read it is `@NAME`: who has that is left running when the
 * root file system is changed. NAME is argv's and becomes the thread's. May start the program anew, with the same arguments. */
void background_clean(char **argv, const char *name, const int *keep, size_t keep_count);

/* Goes on in a child, in a session of its own; the parent returns never: it ends when background_ready is called, with 0, or when the
 * child ends before, with 1. 0 or -errno. */
int background_begin(void);
/* Standard input and output are nothing from now on, and standard error is log_fd (which is closed), or, where that is -1, the kernel's
 * log. What still fails is told by the parent, where it may be seen: background_fail. */
void background_leave(int log_fd);
void background_fail(const char *words);
/* The parent may end: 0, or -EPIPE: it has, as whoever started it gave up waiting, and is told nothing any more. SIGPIPE is ignored. */
int background_ready(void);

#endif

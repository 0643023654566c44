/* PID 1 becomes the init of another root file system, as switch_root(8) has it: rootfs cannot be pivoted. All of it can be taken back
 * until the new program runs. */
#ifndef INIT_SWITCH_ROOT_H
#define INIT_SWITCH_ROOT_H

#include <stddef.h>

/* dir is mounted, and no other process runs. Does not return, but when it failed: all is as it was then, and words say why. */
void switch_root(const char *dir, const char *program, char *words, size_t cap);

#endif

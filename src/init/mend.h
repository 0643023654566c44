/* An ext4 file system that was not unmounted cleanly, made whole by e2fsck with no one to ask. */
#ifndef INIT_MEND_H
#define INIT_MEND_H

#include <stdbool.h>
#include <stddef.h>

enum { MEND_MAX_S = 2 * 600 }; /* it takes no longer */

/* Waits for it, so it is for a process of its own. False: it could not be mended. words tell either way. */
bool mend(const char *path, char *words, size_t cap);

/* The device is protected against writes. */
bool mend_is_barred(const char *path);

#endif

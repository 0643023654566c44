/* Settings of the running kernel that make it harder to break into: one table, written at boot, read back when asked. */
#ifndef INIT_SYSCTLS_H
#define INIT_SYSCTLS_H

#include <stddef.h>

#define SYSCTLS_DIR "/proc/sys"

/* Writes each row below root: 0, or the first -errno of one that the kernel has and refuses. words: what it came to. */
int sysctls_write(const char *root, char *words, size_t cap);

/* Calls each for every file of the table: its path below root, the value it should have and the one it has ("" when the
 * kernel lacks it). Returns how many have another value. */
size_t sysctls_each(const char *root, void (*each)(void *arg, const char *path, const char *wanted, const char *is),
		    void *arg);

#endif

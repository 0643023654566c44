/* When this system was made: no clock is right that says earlier. */
#ifndef BASE_BUILT_H
#define BASE_BUILT_H

#include <stdint.h>

/* The date in the kernel's version as Debian writes it, "#1 SMP Debian 6.12.1-1 (2026-11-14)"; 0: there is none. */
int64_t built_in(const char *kernel_version);
int64_t built_s(void); /* of the kernel that runs: the system is no older */

#endif

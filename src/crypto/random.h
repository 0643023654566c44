/* Random bytes from the kernel, once its generator is initialised. */
#ifndef CRYPTO_RANDOM_H
#define CRYPTO_RANDOM_H

#include <stddef.h>

int random_bytes(void *dst, size_t len); /* getrandom(2): 0 or -errno; blocks until there is entropy */

#endif

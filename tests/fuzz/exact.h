/* A copy on the heap of exactly so many bytes, so that the sanitizer sees whoever reads behind them. free(3) takes it. */
#ifndef TESTS_FUZZ_EXACT_H
#define TESTS_FUZZ_EXACT_H

#include <stdlib.h>
#include <string.h>

static inline void *exact_copy(const void *bytes, size_t len)
{
	void *copy = malloc(len ? len : 1);

	if (!copy)
		abort();
	if (len)
		memcpy(copy, bytes, len);
	return copy;
}

#endif

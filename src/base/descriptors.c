#include "base/descriptors.h"

#include <sys/syscall.h>
#include <unistd.h>

enum { FDS_MAX = 1024 }; /* where the kernel (before 5.9) closes them one by one */

static void close_between(unsigned first, unsigned last)
{
	if (first > last || syscall(SYS_close_range, first, last, 0) == 0)
		return;
	for (unsigned fd = first; fd <= last && fd < FDS_MAX; fd++)
		close((int)fd);
}

void descriptors_close_others(const int *keep, size_t keep_count)
{
	unsigned first = STDERR_FILENO + 1;

	for (;;) {
		unsigned next = ~0U;

		for (size_t i = 0; i < keep_count; i++)
			if (keep[i] >= 0 && (unsigned)keep[i] >= first && (unsigned)keep[i] < next)
				next = (unsigned)keep[i];
		if (next == ~0U)
			break;
		if (next > first)
			close_between(first, next - 1);
		first = next + 1;
	}
	close_between(first, ~0U);
}

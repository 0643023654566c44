#include "base/await.h"

#include <errno.h>

#include "base/clock.h"

int await_ready(int fd, short events, uint64_t deadline_ns)
{
	struct pollfd ready = { .fd = fd, .events = events };
	uint64_t now_ns;

	while ((now_ns = clock_now_ns()) < deadline_ns) {
		int n = poll(&ready, 1, (int)((deadline_ns - now_ns) / NS_PER_MS) + 1);

		if (n > 0)
			return 0;
		if (n < 0 && errno != EINTR)
			return -errno;
	}
	return -ETIMEDOUT;
}

#include "ntp/rate.h"

#include <sys/timex.h>
#include <unistd.h>

enum { US_PER_S = 1000000 };

bool ntp_rate_is_changed(long tick, long per_s)
{
	return per_s > 0 && tick != US_PER_S / per_s;
}

bool ntp_rate_mend(void)
{
	const long per_s = sysconf(_SC_CLK_TCK);
	struct timex now = { .modes = 0 };

	if (adjtimex(&now) < 0 || !ntp_rate_is_changed(now.tick, per_s))
		return false;
	now = (struct timex){ .modes = ADJ_TICK | ADJ_FREQUENCY, .tick = US_PER_S / per_s };
	return adjtimex(&now) >= 0;
}

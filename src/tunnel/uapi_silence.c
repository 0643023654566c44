#include "tunnel/uapi_silence.h"

#include "base/clock.h"
#include "base/log.h"
#include "tunnel/uapi_process.h"

enum { SILENCES_MAX = 4 };

void uapi_silence_note(unsigned *silences, bool silent, struct tunnel *tunnel, uint64_t deadline_ns)
{
	tunnel->silent = silent;
	*silences = silent ? *silences + 1 : 0;
	if (!*silences)
		tunnel->stuck_ns = 0;
	if (*silences < SILENCES_MAX)
		return;
	if (!tunnel->stuck_ns)
		log_err("the program that carries %s does not answer: it is ended", tunnel->device);
	*silences = 0;
	if (uapi_process_kill_until(tunnel->alias, deadline_ns) < 0 && !tunnel->stuck_ns)
		tunnel->stuck_ns = clock_now_ns();
}

#include "init/stands.h"

#include <fcntl.h>
#include <signal.h>

#include "base/file.h"
#include "base/log.h"
#include "base/text.h"

static bool look_at_process(pid_t pid, struct pulse_process *process)
{
	char path[32], stat[512];
	ssize_t n;

	text_format(path, sizeof(path), "/proc/%d/stat", (int)pid);
	n = file_read_begin(AT_FDCWD, path, stat, sizeof(stat));
	return n > 0 && pulse_parse((struct slice){ stat, (size_t)n }, process);
}

bool stands_tick(struct pulse *pulse, const char *name, pid_t pid)
{
	struct pulse_process seen = { 0 };
	unsigned missed = pulse->missed;
	const enum pulse_action action = pulse_tick(pulse, pid && look_at_process(pid, &seen) ? &seen : NULL);

	if (action == PULSE_LEAVE)
		log_err("%s stands still for %d s: it %s, and is left alone", name, PULSE_STANDS_S,
			seen.state == 'D' ? "waits for a disk or a driver" : "does not get the processor");
	if (action == PULSE_KILL) {
		log_err("%s stands still for %u s (state %c): it is killed and started again", name, (missed + 1) * PULSE_TICK_S,
			seen.state);
		kill(pid, SIGKILL);
	}
	return action != PULSE_GIVE_UP;
}

#include "init/pulse.h"

#include <stddef.h>

/* proc_pid_stat(5), counted from the state on; ticks of USER_HZ, which is 100 on every machine of ours. */
enum { FIELD_STATE, FIELD_UTIME = 11, FIELD_STIME, MS_PER_TICK = 10 };

bool pulse_parse(struct slice stat, struct pulse_process *process)
{
	size_t name_end = stat.len;
	struct slice word;
	uint64_t ticks;

	*process = (struct pulse_process){ 0 };
	/* Its name may hold anything, blanks and brackets too. */
	while (name_end && stat.ptr[name_end - 1] != ')')
		name_end--;
	stat = (struct slice){ stat.ptr + name_end, stat.len - name_end };
	for (int field = FIELD_STATE; field <= FIELD_STIME; field++) {
		if (!slice_word(&stat, &word))
			return false;
		if (field == FIELD_STATE && word.len == 1)
			process->state = word.ptr[0];
		if (field < FIELD_UTIME)
			continue;
		if (text_uint(word, UINT64_MAX / MS_PER_TICK / 2, &ticks) < 0)
			return false;
		process->cpu_ms += ticks * MS_PER_TICK;
	}
	return process->state;
}

void pulse_begin(struct pulse *pulse)
{
	*pulse = (struct pulse){ 0 };
}

void pulse_told(struct pulse *pulse, char byte)
{
	*pulse = (struct pulse){ .begun = true, .lost = byte == PULSE_LOST };
}

static bool is_asleep(const struct pulse_process *process)
{
	return process->state != 'R' && process->state != 'D';
}

/* Not what waits for a disk (D: no signal ends that), nor what waits for the processor. */
static bool stands_by_itself(const struct pulse *pulse, const struct pulse_process *process)
{
	if (process->state == 'R')
		return process->cpu_ms - pulse->cpu_ms >= PULSE_BUSY_MS;
	return pulse->asleep >= PULSE_ASLEEP_TICKS;
}

enum pulse_action pulse_tick(struct pulse *pulse, const struct pulse_process *process)
{
	unsigned stood_s;

	if (!pulse->begun || !process)
		return PULSE_NOTHING;
	if (pulse->lost && pulse->missed * PULSE_TICK_S < PULSE_STANDS_S) {
		pulse->missed++;
		return PULSE_GIVE_UP;
	}
	if (!pulse->missed++)
		pulse->cpu_ms = process->cpu_ms;
	stood_s = pulse->missed * PULSE_TICK_S;
	pulse->asleep = is_asleep(process) ? pulse->asleep + 1 : 0;
	if (pulse->killed)
		return PULSE_NOTHING;
	if (stood_s >= PULSE_STANDS_S && stands_by_itself(pulse, process)) {
		pulse->killed = true;
		return PULSE_KILL;
	}
	if (stood_s < PULSE_STANDS_S || pulse->waits || is_asleep(process))
		return PULSE_NOTHING;
	pulse->waits = true;
	return PULSE_LEAVE;
}

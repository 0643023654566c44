/* Whether the loop of a process under PID 1 still turns, by what it tells (base/pulse.h) and what the kernel says of it: pure.
 *
 * Time is counted in ticks of PID 1's own loop. A machine that stood still as a whole, or was paused, has none, and what told
 * nothing meanwhile is not blamed for it. Nor is a process that wants the processor and does not get it. */
#ifndef INIT_PULSE_H
#define INIT_PULSE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/pulse.h"
#include "base/text.h"

enum {
	PULSE_TICK_S = PULSE_S,
	PULSE_ASLEEP_TICKS = 3,  /* in a row that it was seen asleep: what has just been given the processor is about to tell */
	PULSE_BUSY_MS = 5000,    /* of the processor's time that it had meanwhile: it runs in a circle */
};

struct pulse {
	bool begun;   /* it told something: before that it may take its time */
	bool lost;    /* as it said last: only a reset helps */
	bool killed;
	bool waits;   /* it is left alone, and that was told */
	unsigned missed; /* ticks since it told something */
	unsigned asleep; /* of these, the last ones in a row */
	uint64_t cpu_ms; /* what it had used at the first of them */
};

/* proc_pid_stat(5): its state, and the processor's time that it has had. */
struct pulse_process {
	char state;
	uint64_t cpu_ms;
};

enum pulse_action {
	PULSE_NOTHING,
	PULSE_LEAVE,   /* it stands and is left alone, since it waits for a disk or the processor: said once */
	PULSE_KILL,    /* once */
	PULSE_GIVE_UP, /* as long as it says so */
};

bool pulse_parse(struct slice stat, struct pulse_process *process);

void pulse_begin(struct pulse *pulse); /* it was started */
void pulse_told(struct pulse *pulse, char byte);
/* Each PULSE_TICK_S, and not more often. process is NULL where the kernel says nothing. */
enum pulse_action pulse_tick(struct pulse *pulse, const struct pulse_process *process);

#endif

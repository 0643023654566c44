/* What a process tells its supervisor every PULSE_S while its loop turns: one byte. After PULSE_STANDS_S without one it is killed, unless it
 * waits for a disk or the processor: no callback waits that long. */
#ifndef BASE_PULSE_H
#define BASE_PULSE_H

enum { PULSE_S = 2, PULSE_STANDS_S = 10, PULSE_LOST_S = 60 };

#define PULSE_TURNS '.'
#define PULSE_LOST 'p' /* the same; but what carries its packets has stood still for PULSE_LOST_S, and no signal ends that */

#endif

/* What a process tells its supervisor every PULSE_S while its loop turns: one byte. */
#ifndef BASE_PULSE_H
#define BASE_PULSE_H

enum { PULSE_S = 2 };

#define PULSE_TURNS '.'
#define PULSE_CARRIES 'p' /* the same, and packets stand still while it does */

#endif

/* The machine's watchdog, which resets it unless it is fed. That is done by a process of its own, for as long as PID 1 tells it that
 * its loop turns: a BMC that does not answer holds that process, and neither is PID 1 held nor does anything else wait for it. */
#ifndef INIT_WATCHDOG_H
#define INIT_WATCHDOG_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define WATCHDOG_APPLET "watchdog"

enum {
	WATCHDOG_S = 60,      /* WATCHDOG_S of board.conf */
	WATCHDOG_SOFT_X = 5,  /* so many times that by the kernel's own timer: it goes on while a virtual machine is paused */
	WATCHDOG_END_S = 120, /* for the end of a system, and what the firmware has to do with it */
};

/* One is there, be it the kernel's timer alone. */
bool watchdog_exists(void);
/* It reset the machine, and so this system began. As the driver knows it. */
bool watchdog_did_reset(void);

/* PID 1, again and again while its loop turns, and while nothing is wrong that only a reset helps. Takes the machine's watchdog
 * once there is one. */
void watchdog_feed(void);
/* PID 1: a child was reaped, the feeder or another. */
void watchdog_exited(pid_t pid);
/* PID 1, as the last it does before it ends all others: the watchdog is off, or leaves time for a reboot. */
void watchdog_end(bool off);
/* PID 1, before another program takes its place: it is off, until someone opens it. False: it cannot be, and resets the machine after
 * WATCHDOG_END_S unless someone feeds it. */
bool watchdog_leave(void);

/* The feeder. */
int watchdog_main(int argc, char **argv);

#endif

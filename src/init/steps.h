/* The boot steps that come one after another, with the time each took. */
#ifndef INIT_STEPS_H
#define INIT_STEPS_H

/* Each runs its part of the table, whatever fails; BOOT_FILE tells of every step. The first part takes no time;
 * the second may wait for hardware, disks and e2fsck and is for a process of its own, while PID 1 keeps the console. */
void steps_run_first(void);
void steps_run_rest(void);

#endif

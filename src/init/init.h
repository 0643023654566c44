/* PID 1: boots the appliance by a table of steps, keeps its processes, ends it in order. Never exits. */
#ifndef INIT_INIT_H
#define INIT_INIT_H

_Noreturn void init_main(void);

#endif

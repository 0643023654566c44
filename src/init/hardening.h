/* What holds against an intruder, asked of the running kernel: the console's `hardening`. */
#ifndef INIT_HARDENING_H
#define INIT_HARDENING_H

/* Prints it; 0 when all holds that should. */
int hardening_main(void);

#endif

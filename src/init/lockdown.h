/* What the running kernel lets even root do to it: lockdown (kernel_lockdown(7)) and the loading of modules. */
#ifndef INIT_LOCKDOWN_H
#define INIT_LOCKDOWN_H

#include <stdbool.h>
#include <stddef.h>

/* As LOCKDOWN in board.conf says: 0 or -errno; words: what it came to. */
int lockdown_raise(char *words, size_t cap);

/* As MODULES_DISABLED in board.conf says: 0 or -errno. Nothing takes it back before the next boot. */
int lockdown_end_modules(char *words, size_t cap);

/* The level that holds, "" when this kernel knows none. Borrowed until the next call. */
const char *lockdown_level(void);
bool lockdown_modules_are_signed(void); /* the kernel refuses all others */
bool lockdown_modules_ended(void);

#endif

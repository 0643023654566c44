/* The password of the consoles, from the partition into memory: they are not to wait for a disk. */
#ifndef INIT_PASSWORD_H
#define INIT_PASSWORD_H

#include <stddef.h>

/* A boot step, once the partition is mounted or cannot be: 0 or -errno, with words for `boot`. What cannot be read is asked for by no
 * console: who can reset the machine has recovery anyway, and who is to mend it must come in. */
int password_take(char *words, size_t cap);

/* PID 1: the boot steps are over. Without a word of theirs none is asked for, until there is one. */
void password_settle(void);

#endif

/* What a process does first that serves another one, or the system, and reads what strangers wrote. */
#ifndef BASE_SERVANT_H
#define BASE_SERVANT_H

/* It ends with the process that started it, which holds the other end of its standard output: 0, or -errno when that is gone. */
int servant_bind(void);

/* It can do no more than any process of its user from now on: 0 or -errno. */
int servant_give_up(void);

#endif

/* This console between login and logout. */
#ifndef CONSOLE_SESSION_H
#define CONSOLE_SESSION_H

#include <stdbool.h>

/* Asks for the password where there is one that whoever sits here has not typed: false when no more will come. */
bool session_begin(void);

/* Before a line is obeyed: waits until it is known whether there is a password, unless the command is one of those for which that does
 * not matter. False: it is not to be obeyed, and why was said. */
bool session_allows(bool is_early);

bool session_holds(void); /* who sits here has typed the password that there is, or there is none by now */
void session_renew(void); /* whoever sits here set the password that there is now */
void session_idle(void);  /* no one typed */
int session_end(void);    /* `logout`: its exit status */

#endif

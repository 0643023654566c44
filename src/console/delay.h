/* How long a password that is typed next waits to be looked at: a second more for each that was wrong, and no one is locked out. A
 * pure core. */
#ifndef CONSOLE_DELAY_H
#define CONSOLE_DELAY_H

#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

enum { DELAY_MAX_S = 60, DELAY_TEXT_LEN = 48 };

struct delay {
	unsigned wrong; /* since one was right */
	uint64_t last_ns;
};

void delay_wrong(struct delay *delay, uint64_t now_ns);
uint64_t delay_due_ns(const struct delay *delay); /* when the next one may be looked at; 0: now */

/* As a text that all consoles share; what is none counts as no wrong one. */
void delay_read(struct delay *delay, struct slice text);
void delay_write(const struct delay *delay, char text[static DELAY_TEXT_LEN]);

#endif

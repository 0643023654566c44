/* Why a boot ended: written on the partition in front of the end, read by the boot after it. Where nothing is written, the firmware's
 * store of last words and the watchdog tell. */
#ifndef INIT_ENDED_H
#define INIT_ENDED_H

#include <stdbool.h>
#include <stddef.h>

enum { ENDED_LEN = 256 };

/* PID 1: how this boot is about to end, and why. */
void ended_because(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
const char *ended_words(void);

/* For child_call or child_begin: onto the partition. 0, or 1 on failure. */
int ended_keep(void);

/* The boot step: how the boot before ended, in words. What told it is taken away, so that it is told once. */
int ended_tell(char *words, size_t cap);

/* What there is to say of it, from what is there to know it by. written: "" when nothing was. panic: the line of the kernel's
 * last words that tells most, "" when it left none. Pure. */
struct ended_signs {
	const char *written, *panic;
	bool by_watchdog;
	bool known;   /* there was a boot before */
	bool ordered; /* it was stopped in order */
};
/* The root that this boot handed over to died, and not in order. Pure. */
#define ENDED_HANDED_OVER "handed over to "
bool ended_next_root_died(const struct ended_signs *signs);
void ended_judge(const struct ended_signs *signs, char *words, size_t cap);

#endif

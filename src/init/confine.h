/* What a child of PID 1 may do at most, whatever becomes of it. */
#ifndef INIT_CONFINE_H
#define INIT_CONFINE_H

#include <linux/capability.h>
#include <stdint.h>

#define CONFINE_CAP(name) (UINT64_C(1) << CAP_##name)

struct confinement {
	uint64_t capabilities; /* CONFINE_CAP()s: its bounding set, and so what it has as root once it is executed */
	int oom_score_adj;     /* proc(5): which process goes first when memory is short */
};

/* The calling process, which is about to execute a program, and all that it will ever start. Never more afterwards: no
 * setuid bit and no file capability is obeyed. 0 or the first -errno; what can be done is done. */
int confine(const struct confinement *confinement);

#endif

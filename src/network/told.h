/* Errors that last: each is told once, though whatever happens on the host meets it again. */
#ifndef NETWORK_TOLD_H
#define NETWORK_TOLD_H

#include <stdbool.h>
#include <stddef.h>

enum { TOLD_MAX = 32, TOLD_LEN = 192 };

/* All zero: nothing was told. */
struct told {
	char texts[2][TOLD_MAX][TOLD_LEN]; /* of this round and of the last */
	size_t counts[2];
	unsigned round;
};

/* Another look at the same things begins: what is not met in it again is over, and new when it comes back. */
void told_begin(struct told *told);

/* Met in this round: true unless it was met in the last one, or in this, already. */
bool told_is_new(struct told *told, const char *text);

#endif

#include "wg/replay.h"

enum { WORDS = REPLAY_BITS / REPLAY_WORD };

bool replay_is_fresh(const struct replay *r, uint64_t counter)
{
	if (counter >= r->next)
		return true;
	if (r->next - 1 - counter > REPLAY_WINDOW)
		return false;
	return !(r->seen[counter / REPLAY_WORD % WORDS] >> counter % REPLAY_WORD & 1);
}

void replay_mark(struct replay *r, uint64_t counter)
{
	if (counter >= r->next) {
		uint64_t top = r->next ? (r->next - 1) / REPLAY_WORD : 0;
		uint64_t steps = counter / REPLAY_WORD - top;

		for (uint64_t i = 1; i <= steps && i <= WORDS; i++)
			r->seen[(top + i) % WORDS] = 0;
		r->next = counter + 1;
	}
	r->seen[counter / REPLAY_WORD % WORDS] |= UINT64_C(1) << counter % REPLAY_WORD;
}

#include "outer/ways.h"

#include <string.h>

/* 1,024 peers at random leave one set in a hundred thousand overfull. */
enum { SETS = 512, WAYS = 8 };

static struct way ways[SETS][WAYS];
static bool taken[SETS]; /* one of the set was; the others are zero, and as few are ever taken, most of them no memory */

void ways_clear(void)
{
	for (size_t i = 0; i < SETS; i++) {
		if (taken[i])
			memset(ways[i], 0, sizeof(ways[i]));
		taken[i] = false;
	}
}

static size_t set_of(const struct inet_addr *to)
{
	uint64_t halves[2];

	memcpy(halves, to->bytes, sizeof(halves));
	halves[0] = (halves[0] ^ halves[1] * UINT64_C(0x9e3779b97f4a7c15)) * UINT64_C(0xff51afd7ed558ccd);
	return (halves[0] >> 32) % SETS;
}

struct way *ways_find(const struct inet_flow *to)
{
	struct way *set = ways[set_of(&to->remote.addr)];

	for (size_t i = 0; i < WAYS; i++)
		if (set[i].generation && inet_addr_equal(&set[i].to.remote.addr, &to->remote.addr) &&
		    set[i].to.remote.scope_id == to->remote.scope_id && set[i].to.link == to->link &&
		    inet_addr_equal(&set[i].to.local, &to->local))
			return &set[i];
	return NULL;
}

struct way *ways_find_any(const struct inet_addr *to)
{
	struct way *set = ways[set_of(to)], *last = NULL;

	for (size_t i = 0; i < WAYS; i++)
		if (set[i].generation && inet_addr_equal(&set[i].to.remote.addr, to) &&
		    (!last || set[i].used_ns > last->used_ns))
			last = &set[i];
	return last;
}

struct way *ways_take(const struct inet_flow *to)
{
	size_t at = set_of(&to->remote.addr);
	struct way *set = ways[at], *oldest = set;

	for (size_t i = 0; i < WAYS && oldest->generation; i++)
		if (!set[i].generation || set[i].used_ns < oldest->used_ns)
			oldest = &set[i];
	taken[at] = true;
	memset(oldest, 0, sizeof(*oldest));
	oldest->to = *to;
	return oldest;
}

#include "outer/ways.h"

#include <string.h>

/* 1,024 peers at random leave one set in a hundred thousand overfull. */
enum { SETS = 512, WAYS = 8 };

static struct way ways[SETS][WAYS];

void ways_clear(void)
{
	memset(ways, 0, sizeof(ways));
}

static struct way *set_of(const struct inet_addr *to)
{
	uint64_t halves[2];

	memcpy(halves, to->bytes, sizeof(halves));
	halves[0] = (halves[0] ^ halves[1] * UINT64_C(0x9e3779b97f4a7c15)) * UINT64_C(0xff51afd7ed558ccd);
	return ways[(halves[0] >> 32) % SETS];
}

struct way *ways_find(const struct inet_flow *to)
{
	struct way *set = set_of(&to->remote.addr);

	for (size_t i = 0; i < WAYS; i++)
		if (set[i].generation && inet_addr_equal(&set[i].to.remote.addr, &to->remote.addr) &&
		    set[i].to.remote.scope_id == to->remote.scope_id && set[i].to.link == to->link &&
		    inet_addr_equal(&set[i].to.local, &to->local))
			return &set[i];
	return NULL;
}

struct way *ways_find_any(const struct inet_addr *to)
{
	struct way *set = set_of(to), *last = NULL;

	for (size_t i = 0; i < WAYS; i++)
		if (set[i].generation && inet_addr_equal(&set[i].to.remote.addr, to) &&
		    (!last || set[i].used_ns > last->used_ns))
			last = &set[i];
	return last;
}

struct way *ways_take(const struct inet_flow *to)
{
	struct way *set = set_of(&to->remote.addr), *oldest = set;

	for (size_t i = 0; i < WAYS && oldest->generation; i++)
		if (!set[i].generation || set[i].used_ns < oldest->used_ns)
			oldest = &set[i];
	memset(oldest, 0, sizeof(*oldest));
	oldest->to = *to;
	return oldest;
}

#include "conf/set_pool.h"

#include <stdlib.h>

static struct conf_set sets[SET_POOL];
static bool taken[SET_POOL];

struct conf_set *set_pool_take(void)
{
	for (size_t i = 0; i < SET_POOL; i++)
		if (!taken[i]) {
			taken[i] = true;
			return &sets[i];
		}
	abort();
}

void set_pool_give_back(struct conf_set *set)
{
	conf_set_wipe(set);
	taken[set - sets] = false;
}

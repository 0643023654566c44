#include "conf/set_pool.h"

#include <stdio.h>
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
	(void)fprintf(stderr, "a fault of this program: a process wants more than %d sets of files at once\n", SET_POOL);
	abort();
}

void set_pool_give_back(struct conf_set *set)
{
	conf_set_wipe(set);
	taken[set - sets] = false;
}

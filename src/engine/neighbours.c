#include "engine/neighbours.h"

#include <errno.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include "netlink/neigh.h"

const unsigned NEIGHBOURS_GROUPS = RTMGRP_NEIGH;

/* From a state that only a packet changes the kernel does nothing by itself; from the others it goes on, and tells. */
static enum outer_neighbour_state state_of(const struct neigh *neigh)
{
	if (neigh->state & NUD_INCOMPLETE)
		return OUTER_NEIGHBOUR_SOUGHT;
	if (!neigh->has_mac || !(neigh->state & (NUD_STALE | NUD_DELAY | NUD_PROBE | NUD_REACHABLE | NUD_NOARP | NUD_PERMANENT)))
		return OUTER_NEIGHBOUR_LOST;
	return neigh->state & NUD_STALE ? OUTER_NEIGHBOUR_STALE : OUTER_NEIGHBOUR_GOOD;
}

static void tell(const struct neigh *neigh, struct outer_neighbour *neighbour)
{
	*neighbour = (struct outer_neighbour){ .index = neigh->index, .addr = neigh->addr, .state = state_of(neigh) };
	memcpy(neighbour->mac, neigh->mac, OUTER_MAC_LEN);
}

int neighbours_ask(struct nl *nl, const struct engine_rights *rights, struct outer_neighbour *neighbour)
{
	struct neigh neigh;
	int err = neigh_get(nl, neighbour->index, &neighbour->addr, &neigh);

	neighbour->state = OUTER_NEIGHBOUR_LOST;
	if (err < 0 && err != -ENOENT)
		return err;
	if (!err)
		tell(&neigh, neighbour);
	if (neighbour->state == OUTER_NEIGHBOUR_SOUGHT || neighbour->state == OUTER_NEIGHBOUR_GOOD)
		return 0;
	err = rights ? rights->use_neighbour(neighbour->index, &neighbour->addr) : neigh_use(nl, neighbour->index, &neighbour->addr);
	if (!err)
		neighbour->state = neighbour->state == OUTER_NEIGHBOUR_STALE ? OUTER_NEIGHBOUR_GOOD : OUTER_NEIGHBOUR_SOUGHT;
	return err;
}

static int each(const struct nlmsghdr *message, void *arg)
{
	const uint64_t *now_ns = arg;
	struct outer_neighbour neighbour;
	struct neigh neigh;

	if (neigh_read(message, &neigh) < 0)
		return 0;
	tell(&neigh, &neighbour);
	outer_neighbour(&neighbour, *now_ns);
	return 0;
}

void neighbours_read(int fd, uint64_t now_ns)
{
	if (nl_monitor_read(fd, each, &now_ns) < 0)
		outer_neighbours_doubt();
}

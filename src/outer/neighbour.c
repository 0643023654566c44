#include "outer/neighbour.h"

#include <string.h>

#include "base/clock.h"

static struct {
	struct neighbour_host host;
	struct neighbour all[NEIGHBOUR_MAX];
	size_t count; /* slots that were ever in use since it was opened */
	uint32_t last_id;
	uint64_t ticked_ns;
	/* in the order in which they came */
	struct {
		struct neighbour *neighbour;
		struct pbuf *p; /* ours */
	} waiting[NEIGHBOUR_WAITING_ALL];
	size_t waiting_count;
} n;

void neighbour_open(const struct neighbour_host *host)
{
	n.host = *host;
	n.count = 0;
	n.waiting_count = 0;
	n.ticked_ns = 0;
}

/* Takes the oldest out of what waits, of one neighbour or (NULL) of any. NULL: none waits. */
static struct pbuf *take_waiting(const struct neighbour *of)
{
	struct pbuf *p;

	for (size_t i = 0; i < n.waiting_count; i++) {
		if (of && n.waiting[i].neighbour != of)
			continue;
		p = n.waiting[i].p;
		n.waiting[i].neighbour->waiting--;
		n.waiting_count--;
		memmove(&n.waiting[i], &n.waiting[i + 1], (n.waiting_count - i) * sizeof(n.waiting[0]));
		return p;
	}
	return NULL;
}

static void drop_waiting(const struct neighbour *of)
{
	struct pbuf *p = take_waiting(of);

	if (!p)
		return;
	pbuf_free(p);
	n.host.stats->tx_dropped++;
}

static void free_slot(struct neighbour *neighbour)
{
	while (neighbour->waiting)
		drop_waiting(neighbour);
	neighbour->link = 0;
	neighbour->id = 0; /* no way goes here any more */
}

void neighbour_forget(uint32_t link)
{
	for (size_t i = 0; i < n.count; i++)
		if (n.all[i].link && (!link || n.all[i].link == link))
			free_slot(&n.all[i]);
}

struct neighbour *neighbour_find(uint32_t link, const struct inet_addr *addr)
{
	for (size_t i = 0; i < n.count; i++)
		if (n.all[i].link == link && inet_addr_equal(&n.all[i].addr, addr))
			return &n.all[i];
	return NULL;
}

/* Free, or whose neighbour was sent to the longest ago. */
static struct neighbour *make_room(void)
{
	struct neighbour *oldest = &n.all[0];

	for (size_t i = 0; i < n.count; i++)
		if (!n.all[i].link)
			return &n.all[i];
	if (n.count < NEIGHBOUR_MAX) {
		n.all[n.count] = (struct neighbour){ .link = 0 };
		return &n.all[n.count++];
	}
	for (size_t i = 1; i < NEIGHBOUR_MAX; i++)
		if (n.all[i].used_ns < oldest->used_ns)
			oldest = &n.all[i];
	return oldest;
}

static struct neighbour *begin(struct neighbour *slot, uint32_t link, const struct inet_addr *addr, uint64_t used_ns)
{
	free_slot(slot);
	*slot = (struct neighbour){ .link = link, .addr = *addr, .id = ++n.last_id, .used_ns = used_ns };
	return slot;
}

struct neighbour *neighbour_get(uint32_t link, const struct inet_addr *addr, uint64_t now_ns)
{
	struct neighbour *neighbour = neighbour_find(link, addr);

	return neighbour ? neighbour : begin(make_room(), link, addr, now_ns);
}

struct neighbour *neighbour_note(uint32_t link, const struct inet_addr *addr)
{
	struct neighbour *neighbour = neighbour_find(link, addr);

	if (neighbour)
		return neighbour;
	neighbour = make_room();
	return neighbour->link && neighbour->used_ns ? NULL : begin(neighbour, link, addr, 0);
}

void neighbour_want(struct neighbour *neighbour, uint64_t now_ns)
{
	if (now_ns < neighbour->ask_ns)
		return;
	neighbour->asked_ns = now_ns;
	neighbour->ask_ns = now_ns + NEIGHBOUR_ASK_S * NS_PER_S;
	n.host.ask(neighbour, now_ns);
}

bool neighbour_wait(struct neighbour *neighbour, struct pbuf *p)
{
	struct pbuf *copy = pbuf_clone(PBUF_LINK, PBUF_RAM, p);

	if (!copy)
		return false;
	if (neighbour->waiting == NEIGHBOUR_WAITING)
		drop_waiting(neighbour);
	else if (n.waiting_count == NEIGHBOUR_WAITING_ALL)
		drop_waiting(NULL);
	n.waiting[n.waiting_count].neighbour = neighbour;
	n.waiting[n.waiting_count++].p = copy;
	neighbour->waiting++;
	return true;
}

void neighbour_tick(uint64_t now_ns)
{
	for (size_t i = 0; i < n.count; i++)
		if (n.all[i].link && (n.all[i].used_ns >= n.ticked_ns || n.all[i].waiting))
			neighbour_want(&n.all[i], now_ns);
	n.ticked_ns = now_ns;
}

/* Never more often than it may be asked for. */
static uint64_t soon(const struct neighbour *neighbour)
{
	return neighbour->asked_ns + NEIGHBOUR_ASK_S * NS_PER_S;
}

void neighbour_doubt(void)
{
	for (size_t i = 0; i < n.count; i++)
		n.all[i].ask_ns = soon(&n.all[i]);
}

void neighbour_is(struct neighbour *neighbour, enum outer_neighbour_state state, const uint8_t *mac, uint64_t now_ns)
{
	struct pbuf *p;

	neighbour->usable = state == OUTER_NEIGHBOUR_STALE || state == OUTER_NEIGHBOUR_GOOD;
	neighbour->ask_ns = state == OUTER_NEIGHBOUR_GOOD ? now_ns + NEIGHBOUR_GOOD_S * NS_PER_S : soon(neighbour);
	if (state == OUTER_NEIGHBOUR_LOST)
		while (neighbour->waiting)
			drop_waiting(neighbour);
	if (!neighbour->usable)
		return;
	memcpy(neighbour->mac, mac, OUTER_MAC_LEN);
	neighbour->probes = 0;
	while ((p = take_waiting(neighbour))) {
		n.host.ready(neighbour, p);
		pbuf_free(p);
	}
}

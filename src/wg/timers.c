#include "wg/timers.h"

static uint64_t armed(const struct timers *t, size_t place)
{
	return t->peers[t->heap[place]].armed_ns;
}

static void put(struct timers *t, size_t place, uint16_t peer)
{
	t->heap[place] = peer;
	t->peers[peer].place = (uint16_t)place;
}

static void up(struct timers *t, size_t place)
{
	uint16_t peer = t->heap[place];

	while (place && armed(t, (place - 1) / 2) > t->peers[peer].armed_ns) {
		put(t, place, t->heap[(place - 1) / 2]);
		place = (place - 1) / 2;
	}
	put(t, place, peer);
}

static void down(struct timers *t, size_t place)
{
	uint16_t peer = t->heap[place];
	size_t child;

	for (; (child = 2 * place + 1) < t->count; place = child) {
		if (child + 1 < t->count && armed(t, child + 1) < armed(t, child))
			child++;
		if (armed(t, child) >= t->peers[peer].armed_ns)
			break;
		put(t, place, t->heap[child]);
	}
	put(t, place, peer);
}

static void leave(struct timers *t, uint16_t peer)
{
	size_t place = t->peers[peer].place;
	uint16_t last;

	t->peers[peer].place = TIMER_NOWHERE;
	t->peers[peer].armed_ns = UINT64_MAX;
	last = t->heap[--t->count];
	if (last == peer)
		return;
	put(t, place, last);
	up(t, place);
	down(t, t->peers[last].place);
}

static uint64_t earliest(const struct peer_timers *p)
{
	uint64_t due_ns = UINT64_MAX;

	for (unsigned i = 0; i < TIMERS; i++)
		if (p->due_ns[i] < due_ns)
			due_ns = p->due_ns[i];
	return due_ns;
}

/* Until the top peer is where it belongs: its earliest timer, or UINT64_MAX. */
static uint64_t settle_top(struct timers *t)
{
	while (t->count) {
		uint16_t peer = t->heap[0];
		uint64_t due_ns = earliest(&t->peers[peer]);

		if (due_ns == t->peers[peer].armed_ns)
			return due_ns;
		if (due_ns == UINT64_MAX) {
			leave(t, peer);
			continue;
		}
		t->peers[peer].armed_ns = due_ns;
		down(t, 0);
	}
	return UINT64_MAX;
}

void timers_arm(struct timers *t, uint16_t peer)
{
	struct peer_timers *p = &t->peers[peer];

	p->armed_ns = earliest(p);
	if (p->place == TIMER_NOWHERE)
		put(t, t->count++, peer);
	up(t, p->place);
}

void timers_add_peer(struct timers *t, uint16_t peer)
{
	for (unsigned i = 0; i < TIMERS; i++)
		t->peers[peer].due_ns[i] = UINT64_MAX;
	t->peers[peer].armed_ns = UINT64_MAX;
	t->peers[peer].place = TIMER_NOWHERE;
}

void timers_remove_peer(struct timers *t, uint16_t peer)
{
	for (unsigned i = 0; i < TIMERS; i++)
		t->peers[peer].due_ns[i] = UINT64_MAX;
	if (t->peers[peer].place != TIMER_NOWHERE)
		leave(t, peer);
}

bool timers_take(struct timers *t, uint64_t now_ns, uint16_t *peer, enum timer *timer)
{
	if (settle_top(t) > now_ns || !t->count)
		return false;
	*peer = t->heap[0];
	for (unsigned i = 0; i < TIMERS; i++) {
		if (t->peers[*peer].due_ns[i] > now_ns)
			continue;
		t->peers[*peer].due_ns[i] = UINT64_MAX;
		*timer = (enum timer)i;
		return true;
	}
	return false;
}

uint64_t timers_next(struct timers *t)
{
	return settle_top(t);
}

#include "wg/staged.h"

#include <string.h>

#include "wg/messages.h"

size_t staged_stride(size_t packet_len_max)
{
	size_t len = WG_HEADROOM + packet_len_max + WG_TAILROOM;

	return (len + PADDING - 1) / PADDING * PADDING;
}

void staged_add_peer(struct staged *s, uint16_t peer)
{
	s->queues[peer] = (struct staged_queue){ STAGED_NONE, STAGED_NONE, 0 };
}

static uint16_t pop(struct staged *s, uint16_t peer)
{
	struct staged_queue *queue = &s->queues[peer];
	uint16_t n = queue->first;
	struct staged_slot *slot = &s->slots[n];

	queue->first = slot->behind;
	if (queue->first == STAGED_NONE)
		queue->last = STAGED_NONE;
	queue->count--;
	if (slot->older != STAGED_NONE)
		s->slots[slot->older].newer = slot->newer;
	else
		s->oldest = slot->newer;
	if (slot->newer != STAGED_NONE)
		s->slots[slot->newer].older = slot->older;
	else
		s->newest = slot->older;
	slot->newer = s->free;
	s->free = n;
	return n;
}

uint16_t staged_push(struct staged *s, uint16_t peer, const uint8_t *packet, size_t len)
{
	struct staged_queue *queue = &s->queues[peer];
	uint16_t loser = STAGED_NONE, n;

	/* The oldest of all is the first of its queue, for both are in the order of arrival. */
	if (queue->count == WG_STAGED_PER_PEER) {
		pop(s, peer);
		loser = peer;
	} else if (s->free == STAGED_NONE && s->top == s->slot_count) {
		loser = s->slots[s->oldest].peer;
		pop(s, loser);
	}
	n = s->free;
	if (n != STAGED_NONE)
		s->free = s->slots[n].newer;
	else
		n = s->top++;
	s->slots[n] = (struct staged_slot){ STAGED_NONE, s->newest, STAGED_NONE, peer, (uint32_t)len };
	if (s->newest != STAGED_NONE)
		s->slots[s->newest].newer = n;
	else
		s->oldest = n;
	s->newest = n;
	if (queue->last != STAGED_NONE)
		s->slots[queue->last].behind = n;
	else
		queue->first = n;
	queue->last = n;
	queue->count++;
	memcpy(s->bytes + n * s->stride + WG_HEADROOM, packet, len);
	return loser;
}

uint8_t *staged_pop(struct staged *s, uint16_t peer, size_t *len)
{
	uint16_t n;

	if (!s->queues[peer].count)
		return NULL;
	n = pop(s, peer);
	*len = s->slots[n].len;
	return s->bytes + n * s->stride + WG_HEADROOM;
}

unsigned staged_purge(struct staged *s, uint16_t peer)
{
	unsigned count = s->queues[peer].count;

	while (s->queues[peer].count)
		pop(s, peer);
	return count;
}

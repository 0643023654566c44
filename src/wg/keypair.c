#include "wg/keypair.h"

#include "base/clock.h"
#include "wg/timers.h"

void keypairs_init(struct keypairs *k)
{
	k->current = k->previous = k->next = KEYPAIR_NONE;
}

static void drop(struct keypairs *k, struct index_table *table, uint8_t *slot)
{
	struct keypair *keypair;

	if (*slot == KEYPAIR_NONE)
		return;
	keypair = &k->slots[*slot];
	index_remove(table, keypair->local_index);
	wipe(keypair, sizeof(*keypair));
	*slot = KEYPAIR_NONE;
}

static void move(uint8_t *to, uint8_t *from)
{
	*to = *from;
	*from = KEYPAIR_NONE;
}

struct keypair *keypairs_add(struct keypairs *k, struct index_table *table, bool initiator, uint64_t now_ns)
{
	uint8_t slot = 0;

	if (initiator) {
		drop(k, table, &k->previous);
		move(&k->previous, &k->current);
	} else {
		drop(k, table, &k->next);
		k->next_crossed = false;
	}
	k->next_overtaken = initiator;
	while (k->slots[slot].used)
		slot++;
	*(initiator ? &k->current : &k->next) = slot;
	k->slots[slot].used = k->slots[slot].can_send = true;
	k->slots[slot].initiator = initiator;
	k->slots[slot].born_ns = now_ns;
	return &k->slots[slot];
}

uint8_t keypairs_slot(const struct keypairs *k, const struct keypair *keypair)
{
	return (uint8_t)(keypair - k->slots);
}

bool keypairs_confirm(struct keypairs *k, struct index_table *table, bool yields)
{
	bool takes_over = !k->next_overtaken || (k->next_crossed && yields);

	drop(k, table, &k->previous);
	if (takes_over)
		move(&k->previous, &k->current);
	move(takes_over ? &k->current : &k->previous, &k->next);
	return takes_over;
}

void keypairs_stop_sending(struct keypairs *k)
{
	for (unsigned i = 0; i < KEYPAIRS; i++)
		k->slots[i].can_send = false;
}

void keypairs_clear(struct keypairs *k, struct index_table *table)
{
	drop(k, table, &k->previous);
	drop(k, table, &k->current);
	drop(k, table, &k->next);
}

bool keypair_is_old(const struct keypair *keypair, uint64_t now_ns)
{
	return now_ns - keypair->born_ns >= REJECT_AFTER_TIME_S * NS_PER_S;
}

struct keypair *keypairs_sender(struct keypairs *k, uint64_t now_ns)
{
	struct keypair *keypair;

	if (k->current == KEYPAIR_NONE)
		return NULL;
	keypair = &k->slots[k->current];
	if (!keypair->can_send || keypair_is_old(keypair, now_ns) || keypair->send_counter >= REJECT_AFTER_MESSAGES)
		return NULL;
	return keypair;
}

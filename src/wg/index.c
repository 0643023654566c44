#include "wg/index.h"

size_t index_entries(size_t peers)
{
	size_t n = 16;

	while (n < peers * INDEX_PER_PEER * 2)
		n *= 2;
	return n;
}

struct index_entry *index_find(const struct index_table *t, uint32_t index)
{
	for (size_t i = index & t->mask; t->entries[i].used; i = (i + 1) & t->mask)
		if (t->entries[i].index == index)
			return &t->entries[i];
	return NULL;
}

bool index_insert(struct index_table *t, uint32_t index, uint16_t peer, uint8_t slot)
{
	size_t i = index & t->mask;

	for (; t->entries[i].used; i = (i + 1) & t->mask)
		if (t->entries[i].index == index)
			return false;
	t->entries[i] = (struct index_entry){ index, peer, slot, true };
	return true;
}

void index_remove(struct index_table *t, uint32_t index)
{
	struct index_entry *found = index_find(t, index);
	size_t hole;

	if (!found)
		return;
	hole = (size_t)(found - t->entries);
	/* Pull back whoever was pushed past the hole. */
	for (size_t i = (hole + 1) & t->mask; t->entries[i].used; i = (i + 1) & t->mask) {
		size_t home = t->entries[i].index & t->mask;

		if (((i - home) & t->mask) >= ((i - hole) & t->mask)) {
			t->entries[hole] = t->entries[i];
			hole = i;
		}
	}
	t->entries[hole] = (struct index_entry){ 0 };
}

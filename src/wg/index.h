/* Receiver indices: random 32-bit numbers that name a handshake or a keypair of a peer. */
#ifndef WG_INDEX_H
#define WG_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct index_entry {
	uint32_t index;
	uint16_t peer;
	uint8_t slot; /* of the peer's keypairs, or INDEX_HANDSHAKE */
	bool used;
};

enum { INDEX_HANDSHAKE = 3, INDEX_PER_PEER = 4 };

/* Open addressing. The indices are random and ours, so they are their own hash: no one else can make them collide. */
struct index_table {
	struct index_entry *entries; /* borrowed from the arena; at most half of them in use */
	size_t mask;
};

size_t index_entries(size_t peers); /* a power of two */
/* Borrowed until the table changes. NULL: not there. */
struct index_entry *index_find(const struct index_table *table, uint32_t index);
/* False when it is taken. */
bool index_insert(struct index_table *table, uint32_t index, uint16_t peer, uint8_t slot);
void index_remove(struct index_table *table, uint32_t index); /* may be missing */

#endif

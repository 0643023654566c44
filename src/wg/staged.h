/* Packets that wait for a session: copies in a fixed pool, a queue per peer; whoever is oldest makes room. */
#ifndef WG_STAGED_H
#define WG_STAGED_H

#include <stddef.h>
#include <stdint.h>

#include "wg/wg.h"

enum { STAGED_NONE = 0xffff };

struct staged_slot {
	uint16_t newer, older; /* of all; newer also links free slots */
	uint16_t behind;       /* in the peer's queue */
	uint16_t peer;
	uint32_t len;
};

struct staged_queue {
	uint16_t first, last;
	uint16_t count;
};

struct staged {
	struct staged_slot *slots; /* all three borrowed from the arena */
	struct staged_queue *queues; /* one per peer */
	uint8_t *bytes;              /* stride per slot */
	size_t stride, packet_len_max, slot_count;
	uint16_t top; /* slots from here on were never used */
	uint16_t free;
	uint16_t oldest, newest;
};

size_t staged_stride(size_t packet_len_max);
void staged_add_peer(struct staged *staged, uint16_t peer);
/* len is at most packet_len_max. The peer whose oldest packet was dropped for it, or STAGED_NONE. */
uint16_t staged_push(struct staged *staged, uint16_t peer, const uint8_t *packet, size_t len);
/* The peer's oldest, with head- and tailroom, good until the next push. NULL: there is none. */
uint8_t *staged_pop(struct staged *staged, uint16_t peer, size_t *len);
unsigned staged_purge(struct staged *staged, uint16_t peer); /* how many there were */

#endif

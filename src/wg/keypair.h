/* The sessions of one peer: the current keypair, the one before it, and one that waits for its first packet. */
#ifndef WG_KEYPAIR_H
#define WG_KEYPAIR_H

#include <stdbool.h>
#include <stdint.h>

#include "crypto/key.h"
#include "wg/index.h"
#include "wg/replay.h"

/* Paper 6.1. */
#define REKEY_AFTER_MESSAGES (UINT64_C(1) << 60)
#define REJECT_AFTER_MESSAGES (UINT64_MAX - (UINT64_C(1) << 13))

struct keypair {
	uint8_t send_key[KEY_LEN];
	uint8_t receive_key[KEY_LEN];
	uint64_t born_ns;
	uint64_t send_counter;
	uint32_t local_index, remote_index;
	bool used;
	bool initiator;
	bool can_send; /* until the private key changes */
	struct replay replay;
};

/* NONE where there is no such keypair. */
enum { KEYPAIRS = 3, KEYPAIR_NONE = KEYPAIRS };

struct keypairs {
	uint8_t current, previous, next; /* slots */
	struct keypair slots[KEYPAIRS];
};

void keypairs_init(struct keypairs *keypairs);
/* Makes room for a new keypair the way the kernel does, and returns it empty but for born_ns: the initiator's becomes
 * current, the responder's is next until it is confirmed. The index of whoever has to go leaves the table. */
struct keypair *keypairs_add(struct keypairs *keypairs, struct index_table *table, bool initiator, uint64_t now_ns);
uint8_t keypairs_slot(const struct keypairs *keypairs, const struct keypair *keypair);
/* An authentic packet came under the next keypair: it is current now. */
void keypairs_confirm(struct keypairs *keypairs, struct index_table *table);
void keypairs_stop_sending(struct keypairs *keypairs);
void keypairs_clear(struct keypairs *keypairs, struct index_table *table);
/* NULL: none that may send. */
struct keypair *keypairs_sender(struct keypairs *keypairs, uint64_t now_ns);
bool keypair_is_old(const struct keypair *keypair, uint64_t now_ns); /* REJECT_AFTER_TIME */

#endif

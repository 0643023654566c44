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
	bool next_crossed;   /* it was answered while an initiation of ours was on its way */
	bool next_overtaken; /* and since then one of ours was: current is younger than next */
	struct keypair slots[KEYPAIRS];
};

void keypairs_init(struct keypairs *keypairs);
/* A new keypair, empty but for born_ns: the initiator's becomes current, the responder's is next until it is confirmed. The
 * index of whoever has to go leaves the table.
 *
 * Anyone can have us answer an initiation that he recorded elsewhere, so next is nothing until a packet came under it: it
 * takes no one's place but that of another next. The kernel drops previous for it, and current when our own initiation is
 * answered meanwhile: packets on their way under those are lost. */
struct keypair *keypairs_add(struct keypairs *keypairs, struct index_table *table, bool initiator, uint64_t now_ns);
uint8_t keypairs_slot(const struct keypairs *keypairs, const struct keypair *keypair);
/* An authentic packet came under the next keypair: it is current now (true), or previous when current is younger. When both were
 * answered because the initiations crossed, no one can tell which is younger: the side that yields takes the other's, so
 * that both send under the same one and one of them renews it. */
bool keypairs_confirm(struct keypairs *keypairs, struct index_table *table, bool yields);
void keypairs_stop_sending(struct keypairs *keypairs);
void keypairs_clear(struct keypairs *keypairs, struct index_table *table);
/* NULL: none that may send. */
struct keypair *keypairs_sender(struct keypairs *keypairs, uint64_t now_ns);
bool keypair_is_old(const struct keypair *keypair, uint64_t now_ns); /* REJECT_AFTER_TIME */

#endif

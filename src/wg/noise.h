/* Noise_IKpsk2 as the paper has it (5.4): the arithmetic of one handshake; what it means is the device's business. */
#ifndef WG_NOISE_H
#define WG_NOISE_H

#include <stdbool.h>
#include <stdint.h>

#include "crypto/blake2s.h"
#include "wg/messages.h"

struct noise_identity {
	bool known; /* else both keys are zeros */
	uint8_t private_key[KEY_LEN];
	uint8_t public_key[KEY_LEN];
};

/* What is fixed about a peer. */
struct noise_remote {
	uint8_t public_key[KEY_LEN];
	uint8_t preshared_key[KEY_LEN];
	uint8_t static_static[KEY_LEN]; /* DH of both static keys; zeros when there can be no handshake */
};

/* Secret, and for one handshake alone. */
struct noise_ephemeral {
	uint8_t private_key[KEY_LEN];
	uint8_t public_key[KEY_LEN];
};

/* A handshake on its way: secret. */
struct noise_handshake {
	uint8_t ephemeral_private[KEY_LEN];
	uint8_t hash[BLAKE2S_HASH_LEN];
	uint8_t chaining_key[BLAKE2S_HASH_LEN];
};

void noise_precompute(struct noise_remote *remote, const struct noise_identity *identity);

/* Of fresh random bytes in ephemeral->private_key. */
void noise_make_ephemeral(struct noise_ephemeral *ephemeral);

/* The writers fill all of the message but the indices, mac1 and mac2. False: there can be no handshake with this key. */
bool noise_write_initiation(struct noise_handshake *handshake, struct message_initiation *m,
			    const struct noise_ephemeral *ephemeral,
			    const struct noise_identity *identity, const struct noise_remote *remote,
			    const uint8_t stamp[static WG_STAMP_LEN]);
bool noise_write_response(struct noise_handshake *handshake, struct message_response *m,
			  const struct noise_ephemeral *ephemeral,
			  const uint8_t remote_ephemeral[static KEY_LEN], const struct noise_remote *remote);

/* The readers; false: forged. An initiation says who wrote it before anything depends on it. */
bool noise_read_static(struct noise_handshake *handshake, const struct message_initiation *m,
		       const struct noise_identity *identity, uint8_t static_key[static KEY_LEN]);
bool noise_read_stamp(struct noise_handshake *handshake, const struct message_initiation *m,
		      const struct noise_remote *remote, uint8_t stamp[static WG_STAMP_LEN]);
/* handshake is a copy of the one that wrote the initiation. */
bool noise_read_response(struct noise_handshake *handshake, const struct message_response *m,
			 const struct noise_identity *identity, const struct noise_remote *remote);

/* The initiator sends with first, the responder with second. Wipes the handshake. */
void noise_session(struct noise_handshake *handshake, uint8_t first[static KEY_LEN], uint8_t second[static KEY_LEN]);

#endif

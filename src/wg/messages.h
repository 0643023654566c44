/* The four messages of the protocol (paper 5.4) as bytes. */
#ifndef WG_MESSAGES_H
#define WG_MESSAGES_H

#include <assert.h>
#include <stdint.h>

#include "crypto/aead.h"
#include "crypto/key.h"
#include "wg/wg.h"

enum message_type { MESSAGE_INITIATION = 1, MESSAGE_RESPONSE, MESSAGE_COOKIE, MESSAGE_DATA, MESSAGE_TYPES };

enum { MAC_LEN = 16, COOKIE_LEN = 16, PADDING = 16 };

/* DS field of initiations and responses, as the kernel sends them: AF41 (RFC 2597). */
enum { HANDSHAKE_DS = 0x88 };

/* All numbers little-endian. The type is one byte and three zeros, read as one number. */
struct message_initiation {
	uint8_t type[4];
	uint8_t sender[4];
	uint8_t ephemeral[KEY_LEN];
	uint8_t static_key[KEY_LEN + AEAD_TAG_LEN];
	uint8_t stamp[WG_STAMP_LEN + AEAD_TAG_LEN];
	uint8_t mac1[MAC_LEN];
	uint8_t mac2[MAC_LEN];
};
static_assert(sizeof(struct message_initiation) == 148, "paper 5.4.2");

struct message_response {
	uint8_t type[4];
	uint8_t sender[4];
	uint8_t receiver[4];
	uint8_t ephemeral[KEY_LEN];
	uint8_t nothing[AEAD_TAG_LEN];
	uint8_t mac1[MAC_LEN];
	uint8_t mac2[MAC_LEN];
};
static_assert(sizeof(struct message_response) == 92, "paper 5.4.3");

struct message_cookie {
	uint8_t type[4];
	uint8_t receiver[4];
	uint8_t nonce[XAEAD_NONCE_LEN];
	uint8_t cookie[COOKIE_LEN + AEAD_TAG_LEN];
};
static_assert(sizeof(struct message_cookie) == 64, "paper 5.4.7");

/* What is sealed and its tag follow. */
struct message_data {
	uint8_t type[4];
	uint8_t receiver[4];
	uint8_t counter[8];
};
static_assert(sizeof(struct message_data) == WG_HEADROOM, "paper 5.4.6");

enum { DATA_LEN_MIN = sizeof(struct message_data) + AEAD_TAG_LEN };

#endif

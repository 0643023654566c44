/* The public key of a device, which UAPI does not tell. */
#ifndef TUNNEL_UAPI_KEY_H
#define TUNNEL_UAPI_KEY_H

#include "tunnel/tunnel.h"

/* The last pair, since to find one costs as much as a handshake. Zeros at first; holds a key. */
struct uapi_key_pair {
	uint8_t private_key[TUNNEL_KEY_LEN], public_key[TUNNEL_KEY_LEN];
};

void uapi_key_find(struct uapi_key_pair *pair, struct tunnel_config *running);

#endif

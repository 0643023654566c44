#include "tunnel/uapi_key.h"

#include <string.h>

#include "crypto/key.h"
#include "crypto/x25519.h"

void uapi_key_find(struct uapi_key_pair *pair, struct tunnel_config *running)
{
	memset(running->public_key, 0, sizeof(running->public_key));
	if (!running->has_private_key)
		return;
	if (!ct_equal(pair->private_key, running->private_key, TUNNEL_KEY_LEN)) {
		x25519_public(pair->public_key, running->private_key);
		memcpy(pair->private_key, running->private_key, TUNNEL_KEY_LEN);
	}
	memcpy(running->public_key, pair->public_key, TUNNEL_KEY_LEN);
}

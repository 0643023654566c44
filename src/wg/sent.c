#include "base/bytes.h"
#include "wg/device.h"
#include "wg/messages.h"

static bool keypair_has_sent(const struct keypair *keypair, uint32_t index, uint64_t counter)
{
	return keypair->used && keypair->remote_index == index && counter < keypair->send_counter &&
	       keypair->send_counter - counter <= WG_SENT_RECENT;
}

static bool peer_has_sent(const struct wg_peer *peer, uint32_t index, uint64_t counter)
{
	const struct keypairs *keypairs = &peer->keypairs;
	const uint8_t slots[] = { keypairs->current, keypairs->previous };

	for (size_t i = 0; i < sizeof(slots); i++)
		if (slots[i] != KEYPAIR_NONE && keypair_has_sent(&keypairs->slots[slots[i]], index, counter))
			return true;
	return false;
}

/* The index is the peer's own, so no table leads from it to the session. */
bool wg_has_sent(const struct wg_device *device, const struct inet_endpoint *to, const uint8_t *bytes, size_t len)
{
	const struct message_data *message = (const struct message_data *)(const void *)bytes;

	if (len < sizeof(*message) || load_le32(message->type) != MESSAGE_DATA)
		return false;
	for (size_t i = 0; i < device->peer_top; i++) {
		const struct wg_peer *peer = &device->peers[i];

		if (peer->live && peer->flow.remote.port == to->port &&
		    inet_addr_equal(&peer->flow.remote.addr, &to->addr) &&
		    peer_has_sent(peer, load_le32(message->receiver), load_le64(message->counter)))
			return true;
	}
	return false;
}

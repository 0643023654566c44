#include "wg/noise.h"

#include <string.h>

#include "crypto/kdf.h"
#include "crypto/x25519.h"

static const char construction[] = "Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s";
static const char identifier[] = "WireGuard v1 zx2c4 Jason@zx2c4.com";

static void mix_hash(uint8_t hash[static BLAKE2S_HASH_LEN], const void *data, size_t len)
{
	struct blake2s state;

	blake2s_init(&state, BLAKE2S_HASH_LEN, NULL, 0);
	blake2s_update(&state, hash, BLAKE2S_HASH_LEN);
	blake2s_update(&state, data, len);
	blake2s_final(&state, hash);
}

static void start(struct noise_handshake *h, const uint8_t responder_key[static KEY_LEN])
{
	blake2s(h->chaining_key, BLAKE2S_HASH_LEN, construction, sizeof(construction) - 1, NULL, 0);
	memcpy(h->hash, h->chaining_key, BLAKE2S_HASH_LEN);
	mix_hash(h->hash, identifier, sizeof(identifier) - 1);
	mix_hash(h->hash, responder_key, KEY_LEN);
}

static void mix_ephemeral(struct noise_handshake *h, const uint8_t ephemeral[static KEY_LEN])
{
	mix_hash(h->hash, ephemeral, KEY_LEN);
	kdf(h->chaining_key, NULL, NULL, h->chaining_key, ephemeral, KEY_LEN);
}

/* key may be NULL. */
static bool mix_dh(struct noise_handshake *h, uint8_t *key, const uint8_t private_key[static KEY_LEN],
		   const uint8_t public_key[static KEY_LEN])
{
	uint8_t shared[KEY_LEN];
	bool good = x25519(shared, private_key, public_key);

	if (good)
		kdf(h->chaining_key, key, NULL, h->chaining_key, shared, KEY_LEN);
	wipe(shared, sizeof(shared));
	return good;
}

static bool mix_static_static(struct noise_handshake *h, uint8_t key[static KEY_LEN],
			      const uint8_t static_static[static KEY_LEN])
{
	if (key_is_zero(static_static))
		return false;
	kdf(h->chaining_key, key, NULL, h->chaining_key, static_static, KEY_LEN);
	return true;
}

static void mix_psk(struct noise_handshake *h, uint8_t key[static KEY_LEN], const uint8_t psk[static KEY_LEN])
{
	uint8_t t[BLAKE2S_HASH_LEN];

	kdf(h->chaining_key, t, key, h->chaining_key, psk, KEY_LEN);
	mix_hash(h->hash, t, sizeof(t));
	wipe(t, sizeof(t));
}

static void seal(struct noise_handshake *h, uint8_t *dst, const uint8_t *src, size_t len,
		 const uint8_t key[static KEY_LEN])
{
	aead_seal(dst, src, len, h->hash, sizeof(h->hash), 0, key);
	mix_hash(h->hash, dst, len + AEAD_TAG_LEN);
}

static bool unseal(struct noise_handshake *h, uint8_t *dst, const uint8_t *src, size_t len,
		 const uint8_t key[static KEY_LEN])
{
	if (!aead_open(dst, src, len, h->hash, sizeof(h->hash), 0, key))
		return false;
	mix_hash(h->hash, src, len + AEAD_TAG_LEN);
	return true;
}

void noise_precompute(struct noise_remote *remote, const struct noise_identity *identity)
{
	if (!identity->known || !x25519(remote->static_static, identity->private_key, remote->public_key))
		wipe(remote->static_static, sizeof(remote->static_static));
}

void noise_make_ephemeral(struct noise_ephemeral *e)
{
	x25519_clamp(e->private_key);
	x25519_public(e->public_key, e->private_key);
}

static void use_ephemeral(struct noise_handshake *h, uint8_t public_key[static KEY_LEN], const struct noise_ephemeral *e)
{
	memcpy(h->ephemeral_private, e->private_key, KEY_LEN);
	memcpy(public_key, e->public_key, KEY_LEN);
}

bool noise_write_initiation(struct noise_handshake *h, struct message_initiation *m,
			    const struct noise_ephemeral *ephemeral,
			    const struct noise_identity *identity, const struct noise_remote *remote,
			    const uint8_t stamp[static WG_STAMP_LEN])
{
	uint8_t key[KEY_LEN];
	bool good = false;

	memset(m, 0, sizeof(*m));
	m->type[0] = MESSAGE_INITIATION;
	use_ephemeral(h, m->ephemeral, ephemeral);
	start(h, remote->public_key);
	mix_ephemeral(h, m->ephemeral);
	if (!mix_dh(h, key, h->ephemeral_private, remote->public_key))
		goto out;
	seal(h, m->static_key, identity->public_key, KEY_LEN, key);
	if (!mix_static_static(h, key, remote->static_static))
		goto out;
	seal(h, m->stamp, stamp, WG_STAMP_LEN, key);
	good = true;
out:
	wipe(key, sizeof(key));
	return good;
}

bool noise_read_static(struct noise_handshake *h, const struct message_initiation *m,
		       const struct noise_identity *identity, uint8_t static_key[static KEY_LEN])
{
	uint8_t key[KEY_LEN];
	bool good;

	start(h, identity->public_key);
	mix_ephemeral(h, m->ephemeral);
	good = mix_dh(h, key, identity->private_key, m->ephemeral) &&
	       unseal(h, static_key, m->static_key, KEY_LEN, key);
	wipe(key, sizeof(key));
	return good;
}

bool noise_read_stamp(struct noise_handshake *h, const struct message_initiation *m, const struct noise_remote *remote,
		      uint8_t stamp[static WG_STAMP_LEN])
{
	uint8_t key[KEY_LEN];
	bool good = mix_static_static(h, key, remote->static_static) && unseal(h, stamp, m->stamp, WG_STAMP_LEN, key);

	wipe(key, sizeof(key));
	return good;
}

bool noise_write_response(struct noise_handshake *h, struct message_response *m,
			  const struct noise_ephemeral *ephemeral,
			  const uint8_t remote_ephemeral[static KEY_LEN], const struct noise_remote *remote)
{
	uint8_t key[KEY_LEN];

	memset(m, 0, sizeof(*m));
	m->type[0] = MESSAGE_RESPONSE;
	use_ephemeral(h, m->ephemeral, ephemeral);
	mix_ephemeral(h, m->ephemeral);
	if (!mix_dh(h, NULL, h->ephemeral_private, remote_ephemeral) ||
	    !mix_dh(h, NULL, h->ephemeral_private, remote->public_key))
		return false;
	mix_psk(h, key, remote->preshared_key);
	seal(h, m->nothing, m->nothing, 0, key);
	wipe(key, sizeof(key));
	return true;
}

bool noise_read_response(struct noise_handshake *h, const struct message_response *m,
			 const struct noise_identity *identity, const struct noise_remote *remote)
{
	uint8_t key[KEY_LEN], nothing[1];
	bool good;

	mix_ephemeral(h, m->ephemeral);
	if (!mix_dh(h, NULL, h->ephemeral_private, m->ephemeral) ||
	    !mix_dh(h, NULL, identity->private_key, m->ephemeral))
		return false;
	mix_psk(h, key, remote->preshared_key);
	good = unseal(h, nothing, m->nothing, 0, key);
	wipe(key, sizeof(key));
	return good;
}

void noise_session(struct noise_handshake *h, uint8_t first[static KEY_LEN], uint8_t second[static KEY_LEN])
{
	kdf(first, second, NULL, h->chaining_key, NULL, 0);
	wipe(h, sizeof(*h));
}

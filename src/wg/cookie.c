#include "wg/cookie.h"

#include <string.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "crypto/blake2s.h"

enum { LABEL_LEN = 8 };

static void labelled_key(uint8_t key[static KEY_LEN], const char label[static LABEL_LEN],
			 const uint8_t public_key[static KEY_LEN])
{
	struct blake2s state;

	blake2s_init(&state, KEY_LEN, NULL, 0);
	blake2s_update(&state, label, LABEL_LEN);
	blake2s_update(&state, public_key, KEY_LEN);
	blake2s_final(&state, key);
}

static void compute_mac1(uint8_t mac[static MAC_LEN], const uint8_t *bytes, size_t len,
			 const uint8_t key[static KEY_LEN])
{
	blake2s(mac, MAC_LEN, bytes, len - (size_t)2 * MAC_LEN, key, KEY_LEN);
}

static void compute_mac2(uint8_t mac[static MAC_LEN], const uint8_t *bytes, size_t len,
			 const uint8_t cookie[static COOKIE_LEN])
{
	blake2s(mac, MAC_LEN, bytes, len - MAC_LEN, cookie, COOKIE_LEN);
}

static void compute_cookie(const struct cookie_checker *checker, uint8_t cookie[static COOKIE_LEN],
			   const struct inet_endpoint *from)
{
	struct blake2s state;
	uint8_t port[2];

	store_be16(port, from->port);
	blake2s_init(&state, COOKIE_LEN, checker->secret, KEY_LEN);
	blake2s_update(&state, from->addr.bytes, inet_size(from->addr.family));
	blake2s_update(&state, port, sizeof(port));
	blake2s_final(&state, cookie);
}

void cookie_checker_set_key(struct cookie_checker *checker, const uint8_t public_key[static KEY_LEN])
{
	labelled_key(checker->mac1_key, "mac1----", public_key);
	labelled_key(checker->cookie_key, "cookie--", public_key);
}

void cookie_jar_set_key(struct cookie_jar *jar, const uint8_t public_key[static KEY_LEN])
{
	labelled_key(jar->mac1_key, "mac1----", public_key);
	labelled_key(jar->cookie_key, "cookie--", public_key);
}

bool cookie_mac1_is_right(const struct cookie_checker *checker, const uint8_t *bytes, size_t len)
{
	uint8_t mac[MAC_LEN];

	compute_mac1(mac, bytes, len, checker->mac1_key);
	return ct_equal(mac, bytes + len - (size_t)2 * MAC_LEN, MAC_LEN);
}

bool cookie_mac2_is_right(const struct cookie_checker *checker, const uint8_t *bytes, size_t len,
			  const struct inet_endpoint *from, uint64_t now_ns)
{
	static const uint8_t none[MAC_LEN];
	uint8_t cookie[COOKIE_LEN], mac[MAC_LEN];
	bool right;

	/* Zeros are what who has no cookie sends, and most of a flood: not worth three hashes. */
	if (cookie_secret_is_old(checker, now_ns) || !memcmp(bytes + len - MAC_LEN, none, MAC_LEN))
		return false;
	compute_cookie(checker, cookie, from);
	compute_mac2(mac, bytes, len, cookie);
	right = ct_equal(mac, bytes + len - MAC_LEN, MAC_LEN);
	wipe(cookie, sizeof(cookie));
	return right;
}

bool cookie_secret_is_old(const struct cookie_checker *checker, uint64_t now_ns)
{
	return !checker->has_secret || now_ns - checker->secret_born_ns >= COOKIE_SECRET_MAX_AGE_S * NS_PER_S;
}

void cookie_set_secret(struct cookie_checker *checker, const uint8_t secret[static KEY_LEN], uint64_t now_ns)
{
	memcpy(checker->secret, secret, KEY_LEN);
	checker->secret_born_ns = now_ns;
	checker->has_secret = true;
}

void cookie_write(const struct cookie_checker *checker, struct message_cookie *m, const uint8_t *bytes, size_t len,
		  const struct inet_endpoint *from)
{
	uint8_t cookie[COOKIE_LEN];

	memset(m->type, 0, sizeof(m->type));
	m->type[0] = MESSAGE_COOKIE;
	memcpy(m->receiver, bytes + 4, sizeof(m->receiver)); /* the sender of both messages */
	compute_cookie(checker, cookie, from);
	xaead_seal(m->cookie, cookie, COOKIE_LEN, bytes + len - (size_t)2 * MAC_LEN, MAC_LEN, m->nonce,
		   checker->cookie_key);
	wipe(cookie, sizeof(cookie));
}

void cookie_write_macs(struct cookie_jar *jar, uint8_t *bytes, size_t len, uint64_t now_ns)
{
	uint64_t good_for_ns = (COOKIE_SECRET_MAX_AGE_S - COOKIE_SECRET_LATENCY_S) * NS_PER_S;

	compute_mac1(jar->last_mac1, bytes, len, jar->mac1_key);
	jar->has_mac1 = true;
	memcpy(bytes + len - (size_t)2 * MAC_LEN, jar->last_mac1, MAC_LEN);
	if (jar->has_cookie && now_ns - jar->cookie_born_ns < good_for_ns)
		compute_mac2(bytes + len - MAC_LEN, bytes, len, jar->cookie);
	else
		memset(bytes + len - MAC_LEN, 0, MAC_LEN);
}

bool cookie_read(struct cookie_jar *jar, const struct message_cookie *m, uint64_t now_ns)
{
	uint8_t cookie[COOKIE_LEN];

	if (!jar->has_mac1 || !xaead_open(cookie, m->cookie, COOKIE_LEN, jar->last_mac1, MAC_LEN, m->nonce,
					  jar->cookie_key))
		return false;
	memcpy(jar->cookie, cookie, COOKIE_LEN);
	wipe(cookie, sizeof(cookie));
	jar->cookie_born_ns = now_ns;
	jar->has_cookie = true;
	jar->has_mac1 = false;
	return true;
}

/* Must show 8: no datagram with a forged, replayed, truncated, wrong-source or wrong-index body changes any state. Each
 * goes through the whole core, and the device's arena is compared byte by byte, all but struct wg_guard and what is told of
 * each peer (the counters of drops and the load they cause). Then the untouched message must still be taken. (An initiation that was recorded elsewhere
 * is taken, and changes next to nothing: wg_replayed_initiation_costs_one_answer_and_nothing_more.) */
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "crypto/aead_impl.h"
#include "test.h"
#include "wg_pair.h"

static uint8_t before[1 << 20];

static bool same_but_counters(const struct node *n)
{
	const uint8_t *now = n->arena;
	size_t guard = sizeof(struct wg_guard), told = (size_t)((const uint8_t *)n->device->told - now);

	memcpy(before + told, now + told, n->device->limits.peers * sizeof(*n->device->told));
	return !memcmp(before + guard, now + guard, n->arena_len - guard);
}

/* Gives bytes to node `to` and says whether it was dropped without a trace. */
static bool leaves_no_trace(struct pair *p, int to, const struct inet_endpoint *from, const uint8_t *bytes, size_t len,
			    enum wg_verdict *verdict)
{
	struct node *n = &p->node[to];
	size_t queued = n->out_count;

	if (n->arena_len > sizeof(before) || offsetof(struct wg_device, guard) != 0)
		return false;
	memcpy(before, n->arena, n->arena_len);
	*verdict = pair_give(p, to, from, bytes, len);
	if (*verdict < WG_DROP_FIRST || n->last_peer || n->out_count != queued)
		return false;
	return same_but_counters(n);
}

static bool is_handshake(const uint8_t *bytes)
{
	return bytes[0] == MESSAGE_INITIATION || bytes[0] == MESSAGE_RESPONSE;
}

/* What anyone can do who knows the receiver's public key. */
static void mend_mac1(struct pair *p, int to, uint8_t *bytes, size_t len)
{
	struct cookie_jar jar = { 0 };

	cookie_jar_set_key(&jar, p->node[to].public_key);
	cookie_write_macs(&jar, bytes, len, p->now_ns);
}

/* Bytes that nothing vouches for: mac2 when there is no load, and the sender index once mac1 is made anew (paper 5.4.2;
 * who alters it on the way gains an answer that goes astray). */
static bool is_free(const uint8_t *bytes, size_t len, size_t at, bool mended)
{
	if (!is_handshake(bytes))
		return false;
	return at >= len - MAC_LEN || (mended && ((at >= 4 && at < 8) || at >= len - (size_t)2 * MAC_LEN));
}

static const struct inet_endpoint elsewhere = { .addr = { AF_INET, { 198, 51, 100, 7 } }, .port = 99 };

/* Every byte altered, plain and with a mended mac1; every shorter length, some longer ones; wrong indices. */
static bool survives_attacks(struct pair *p, int to, const struct datagram *d)
{
	static uint8_t bytes[DATAGRAM_MAX];
	enum wg_verdict verdict;

	for (int mended = 0; mended <= is_handshake(d->bytes); mended++)
		for (size_t at = 0; at < d->len; at++)
			for (unsigned bit = 0; bit < 8; bit += d->len > 200 || mended ? 7 : 3) {
				if (is_free(d->bytes, d->len, at, mended))
					continue;
				memcpy(bytes, d->bytes, d->len);
				bytes[at] ^= (uint8_t)(1U << bit);
				if (mended)
					mend_mac1(p, to, bytes, d->len);
				if (!leaves_no_trace(p, to, &elsewhere, bytes, d->len, &verdict))
					return false;
			}
	memcpy(bytes, d->bytes, d->len);
	memset(bytes + d->len, 0, 64);
	for (size_t len = 0; len < d->len; len++)
		if (!leaves_no_trace(p, to, &elsewhere, bytes, len, &verdict))
			return false;
	for (size_t more = 1; more <= 64; more++)
		if (!leaves_no_trace(p, to, &elsewhere, bytes, d->len + more, &verdict))
			return false;
	return true;
}

static struct datagram held, answer;

/* pair_take must give a message of this type. */
#define TAKE(of, datagram, type)                    \
	do {                                        \
		CHECK(pair_take(p, of, datagram));  \
		CHECK_INT((datagram)->bytes[0], type); \
	} while (0)

#define TRACELESS(to, datagram, want)                                                                     \
	do {                                                                                              \
		enum wg_verdict was_;                                                                      \
		CHECK(leaves_no_trace(p, to, &elsewhere, (datagram)->bytes, (datagram)->len, &was_));      \
		CHECK_INT(was_, want);                                                                     \
	} while (0)

/* With each code that seals and opens here, in the place of the one that was chosen. */
static void with_each_aead(void (*body)(void))
{
	const struct aead_impl *const impls[] = { &aead_bearssl, aead_avx2(), aead_avx512() };
	const struct aead_impl *chosen = aead_use(&aead_bearssl);

	for (size_t i = 0; i < sizeof(impls) / sizeof(impls[0]); i++) {
		if (!impls[i])
			continue;
		(void)aead_use(impls[i]);
		body();
	}
	(void)aead_use(chosen);
}

static void forge_handshake(void)
{
	struct pair *p = pair_of_peers(NULL);
	const struct inet_endpoint *from_a = &p->node[A].endpoint, *from_b = &p->node[B].endpoint;

	/* Without the load that the attacks of this test would cause: it is told of in another. */
	for (int i = 0; i < 2; i++)
		p->node[i].device->guard.load.asked.rim_ns = p->node[i].device->guard.load.taken.rim_ns = 1000 * NS_PER_S;
	pair_send(p, A, 60);
	TAKE(A, &held, MESSAGE_INITIATION);
	CHECK(survives_attacks(p, B, &held));
	CHECK_INT(pair_give(p, B, from_a, held.bytes, held.len), WG_HANDSHAKE);
	TRACELESS(B, &held, WG_DROP_AGAIN); /* replayed */
	TRACELESS(A, &held, WG_DROP_MAC1);  /* reflected */
	TAKE(B, &answer, MESSAGE_RESPONSE);
	CHECK(survives_attacks(p, A, &answer));
	TRACELESS(B, &answer, WG_DROP_MAC1);
	CHECK_INT(pair_give(p, A, from_b, answer.bytes, answer.len), WG_HANDSHAKE);
	TRACELESS(A, &answer, WG_DROP_INDEX); /* replayed: its index is a keypair's now */
	TAKE(A, &held, MESSAGE_DATA);
	CHECK(survives_attacks(p, B, &held)); /* the confirming packet */
	CHECK_INT(pair_peer(p, B)->keypairs.current, KEYPAIR_NONE);
	CHECK_INT(pair_give(p, B, from_a, held.bytes, held.len), WG_DATA);
	TRACELESS(B, &held, WG_DROP_REPLAY);
	/* An initiation while a session runs. */
	p->now_ns += 10 * NS_PER_S;
	p->node[A].wall.s += 10;
	pair_current(p, A)->can_send = false;
	pair_send(p, A, 60);
	TAKE(A, &held, MESSAGE_INITIATION);
	CHECK(survives_attacks(p, B, &held));
	CHECK_INT(pair_give(p, B, from_a, held.bytes, held.len), WG_HANDSHAKE);
	TAKE(B, &answer, MESSAGE_RESPONSE);
	/* A response to an initiation that another one replaced. */
	p->now_ns += 10 * NS_PER_S;
	p->node[A].wall.s += 10;
	pair_send(p, A, 60);
	TAKE(A, &held, MESSAGE_INITIATION);
	TRACELESS(A, &answer, WG_DROP_INDEX);
}

/* Takes the place of A's sealing: whatever is inside, the tag is right. */
static void seal_raw(struct pair *p, struct datagram *d, const uint8_t *plain, size_t len, uint64_t counter)
{
	struct keypair *k = pair_current(p, A);

	store_le32(d->bytes, MESSAGE_DATA);
	store_le32(d->bytes + 4, k->remote_index);
	store_le64(d->bytes + 8, counter);
	aead_seal(d->bytes + 16, plain, len, NULL, 0, counter, k->send_key);
	d->len = 32 + len;
}

TEST(wg_forged_messages_of_a_handshake_change_no_state)
{
	with_each_aead(forge_handshake);
}

static void forge_data(void)
{
	static const struct {
		const char *what;
		size_t len;
		uint8_t bytes[48];
		enum wg_verdict want;
	} inside[] = {
		{ "source of another", 32, { 0x45, 0, 0, 20, [12] = 10, 0, 0, 3, 10, 0, 0, 2 }, WG_DROP_SOURCE },
		{ "source is the receiver", 32, { 0x45, 0, 0, 20, [12] = 10, 0, 0, 2, 10, 0, 0, 2 }, WG_DROP_SOURCE },
		{ "v6 source of another", 48, { 0x60, 0, 0, 0, 0, 0, 0, 0, 0xfd, [23] = 3 }, WG_DROP_SOURCE },
		{ "longer than it is", 32, { 0x45, 0, 0, 33, [12] = 10, 0, 0, 1, 10, 0, 0, 2 }, WG_DROP_INNER },
		{ "shorter than a header", 32, { 0x45, 0, 0, 19, [12] = 10, 0, 0, 1, 10, 0, 0, 2 }, WG_DROP_INNER },
		{ "v6 longer than it is", 48, { 0x60, 0, 0, 0, 0, 9, 0, 0, 0xfd, [23] = 1 }, WG_DROP_INNER },
		{ "half a v4 header", 16, { 0x45, 0, 0, 16 }, WG_DROP_INNER },
		{ "half a v6 header", 32, { 0x60 }, WG_DROP_INNER },
		{ "no IP", 48, { 0x35 }, WG_DROP_INNER },
		{ "zeros", 16, { 0 }, WG_DROP_INNER },
		{ "one byte", 1, { 0x45 }, WG_DROP_INNER },
	};
	struct pair *p = pair_of_peers(NULL);
	enum wg_verdict got;

	pair_shake(p, A);
	/* Malformed or from elsewhere inside, though sealed by the peer itself: fresh counters, also far ahead. */
	for (size_t i = 0; i < sizeof(inside) / sizeof(inside[0]); i++) {
		seal_raw(p, &held, inside[i].bytes, inside[i].len, 1000000 * (i + 1));
		CHECK(leaves_no_trace(p, B, &elsewhere, held.bytes, held.len, &got));
		CHECK_INT(got, inside[i].want);
	}
	seal_raw(p, &held, inside[0].bytes, 0, REJECT_AFTER_MESSAGES);
	TRACELESS(B, &held, WG_DROP_AGE);
	pair_send(p, A, 600);
	TAKE(A, &held, MESSAGE_DATA);
	CHECK(survives_attacks(p, B, &held));
	TRACELESS(A, &held, WG_DROP_INDEX); /* reflected */
	CHECK_INT(pair_give(p, B, &p->node[A].endpoint, held.bytes, held.len), WG_DATA);
	TRACELESS(B, &held, WG_DROP_REPLAY);
	pair_send(p, A, 60);
	TAKE(A, &held, MESSAGE_DATA);
	for (int i = 0; i < REPLAY_WINDOW + 1; i++) { /* until it is too old for the window */
		pair_send(p, A, 20);
		CHECK(pair_take(p, A, &answer));
	}
	CHECK_INT(pair_give(p, B, &p->node[A].endpoint, answer.bytes, answer.len), WG_DATA);
	TRACELESS(B, &held, WG_DROP_REPLAY);
	pair_peer(p, A)->flow.remote = p->node[B].endpoint;
	policy_timer(p->node[A].device, pair_peer(p, A), TIMER_KEEPALIVE, p->now_ns);
	wg_poll(p->node[A].device, p->now_ns);
	TAKE(A, &held, MESSAGE_DATA);
	CHECK_INT(held.len, 32);
	CHECK(survives_attacks(p, B, &held)); /* a keepalive */
	CHECK_INT(pair_give(p, B, &p->node[A].endpoint, held.bytes, held.len), WG_KEEPALIVE);
	TRACELESS(B, &held, WG_DROP_REPLAY);
	pair_send(p, A, 60);
	TAKE(A, &held, MESSAGE_DATA);
	p->now_ns += REJECT_AFTER_TIME_S * NS_PER_S;
	TRACELESS(B, &held, WG_DROP_AGE);
}

TEST(wg_forged_and_malformed_data_changes_no_state)
{
	with_each_aead(forge_data);
}

static void forge_cookies(void)
{
	struct pair *p = pair_of_peers(NULL);
	struct node *b = &p->node[B];
	static struct datagram reply;
	enum wg_verdict got;

	b->device->guard.load.until_ns = WG_NEVER;
	pair_send(p, A, 60);
	TAKE(A, &held, MESSAGE_INITIATION);
	CHECK_INT(pair_give(p, B, &p->node[A].endpoint, held.bytes, held.len), WG_DROP_COOKIE); /* makes the secret */
	TAKE(B, &reply, MESSAGE_COOKIE);
	/* From now on asking for a cookie costs an answer but changes nothing. */
	memcpy(before, b->arena, b->arena_len);
	CHECK_INT(pair_give(p, B, &elsewhere, held.bytes, held.len), WG_DROP_COOKIE);
	CHECK(!memcmp(before + sizeof(struct wg_guard), (uint8_t *)b->arena + sizeof(struct wg_guard),
		      b->arena_len - sizeof(struct wg_guard)));
	TAKE(B, &answer, MESSAGE_COOKIE);
	CHECK(leaves_no_trace(p, A, &p->node[B].endpoint, answer.bytes, 63, &got));
	CHECK(survives_attacks(p, A, &reply));
	CHECK_INT(pair_give(p, A, &p->node[B].endpoint, reply.bytes, reply.len), WG_HANDSHAKE);
	TRACELESS(A, &reply, WG_DROP_TAG); /* replayed: one cookie per message sent */
	TRACELESS(B, &reply, WG_DROP_INDEX);
	/* A cookie taken from another address is none here. */
	p->now_ns += 6 * NS_PER_S;
	wg_poll(p->node[A].device, p->now_ns);
	TAKE(A, &held, MESSAGE_INITIATION);
	held.bytes[held.len - 1] ^= 1;
	CHECK_INT(pair_give(p, B, &p->node[A].endpoint, held.bytes, held.len), WG_DROP_COOKIE);
	held.bytes[held.len - 1] ^= 1;
	CHECK_INT(pair_give(p, B, &elsewhere, held.bytes, held.len), WG_DROP_COOKIE);
	p->node[A].wall.s += 6;
}

TEST(wg_forged_cookies_and_packets_under_load_change_no_state)
{
	with_each_aead(forge_cookies);
}

TEST(wg_strangers_and_devices_without_key_change_no_state)
{
	static const uint8_t zero[WG_KEY_LEN];
	struct pair *p = pair_of_peers(NULL);
	uint8_t noise[200];

	pair_send(p, A, 60);
	TAKE(A, &held, MESSAGE_INITIATION);
	CHECK_INT(wg_remove_peer(p->node[B].device, p->node[A].public_key), 0);
	TRACELESS(B, &held, WG_DROP_PEER);
	wg_set_private_key(p->node[B].device, zero, p->now_ns);
	TRACELESS(B, &held, WG_DROP_IDENTITY);
	p = pair_of_peers(NULL);
	pair_shake(p, A);
	srand(1);
	for (int i = 0; i < 5000; i++) {
		size_t len = (size_t)rand() % sizeof(noise);
		enum wg_verdict got;

		for (size_t j = 0; j < len; j++)
			noise[j] = (uint8_t)rand();
		if (i % 2 && len >= 8) {
			store_le32(noise, (uint32_t)(i / 2 % 6));
			store_le32(noise + 4, pair_current(p, B)->local_index);
		}
		CHECK(leaves_no_trace(p, B, &elsewhere, noise, len, &got));
	}
}

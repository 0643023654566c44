/* Two devices under one fake clock: handshakes, timers, cookies, roaming, tables. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "crypto/x25519.h"
#include "test.h"
#include "wg_pair.h"
#include "wg_vector.h"

static const uint8_t a_inner[4] = { 10, 0, 0, 1 }, b_inner[4] = { 10, 0, 0, 2 };
static struct datagram held, other;

static void set_key(struct pair *p, int of, const uint8_t private_key[static WG_KEY_LEN])
{
	memcpy(p->node[of].private_key, private_key, WG_KEY_LEN);
	wg_set_private_key(p->node[of].device, private_key, p->now_ns);
	wg_public_key(p->node[of].device, p->node[of].public_key);
}

TEST(wg_handshake_matches_the_vector)
{
	uint8_t i_random[36], r_random[36];
	struct pair *p = pair_new(NULL);
	struct node *a = &p->node[A], *b = &p->node[B];

	set_key(p, A, vector_i_priv);
	set_key(p, B, vector_r_priv);
	CHECK_MEM(a->public_key, vector_i_pub, WG_KEY_LEN);
	CHECK_MEM(b->public_key, vector_r_pub, WG_KEY_LEN);
	memcpy(i_random, vector_i_eph, 32);
	memcpy(i_random + 32, vector_i_idx, 4);
	memcpy(r_random, vector_r_eph, 32);
	memcpy(r_random + 32, vector_r_idx, 4);
	a->script = i_random;
	b->script = r_random;
	a->script_len = b->script_len = 36;
	a->wall = (struct wg_wall){ VECTOR_WALL_S, VECTOR_WALL_NS };
	CHECK_INT(pair_join(p, B, vector_psk, false, 0), 0);
	CHECK_INT(pair_join(p, A, vector_psk, true, 25), 0); /* a keepalive switched on begins the handshake */
	CHECK(pair_take(p, A, &held));
	CHECK_INT(held.len, sizeof(vector_initiation));
	CHECK_MEM(held.bytes, vector_initiation, held.len);
	CHECK_INT(pair_give(p, B, &a->endpoint, held.bytes, held.len), WG_HANDSHAKE);
	CHECK(pair_take(p, B, &held));
	CHECK_INT(held.len, sizeof(vector_response));
	CHECK_MEM(held.bytes, vector_response, held.len);
	CHECK_INT(pair_give(p, A, &b->endpoint, held.bytes, held.len), WG_HANDSHAKE);
	CHECK(pair_take(p, A, &held));
	CHECK_INT(held.len, sizeof(vector_keepalive));
	CHECK_MEM(held.bytes, vector_keepalive, held.len);
	CHECK_INT(pair_give(p, B, &a->endpoint, held.bytes, held.len), WG_KEEPALIVE);
	CHECK_INT(b->events[WG_EVENT_SESSION], 1);
	uint8_t room[WG_HEADROOM + 64 + WG_TAILROOM] = { 0 };
	struct wg_view view;
	memcpy(room + WG_HEADROOM, vector_packet, sizeof(vector_packet));
	CHECK_INT(wg_output(b->device, room + WG_HEADROOM, sizeof(vector_packet), p->now_ns, &view), WG_SEALED);
	CHECK_INT(view.len, sizeof(vector_data));
	CHECK_MEM(view.bytes, vector_data, view.len);
	CHECK_INT(pair_give(p, A, &b->endpoint, vector_data, sizeof(vector_data)), WG_DATA);
	CHECK_INT(a->last_len, sizeof(vector_packet));
	CHECK_MEM(a->last, vector_packet, a->last_len);
}

TEST(wg_cookie_matches_the_vector)
{
	struct pair *p = pair_new(NULL);
	uint8_t random[56], bytes[sizeof(vector_initiation)];
	struct cookie_jar jar = { 0 };
	struct message_cookie m;

	set_key(p, B, vector_r_priv);
	memcpy(random, vector_secret, 32);
	memcpy(random + 32, vector_nonce, 24);
	p->node[B].script = random;
	p->node[B].script_len = sizeof(random);
	p->node[B].device->guard.load.until_ns = WG_NEVER;
	CHECK_INT(pair_give(p, B, &p->node[A].endpoint, vector_initiation, sizeof(vector_initiation)), WG_DROP_COOKIE);
	CHECK(pair_take(p, B, &held));
	CHECK_INT(held.len, sizeof(vector_cookie_reply));
	CHECK_MEM(held.bytes, vector_cookie_reply, held.len);
	cookie_jar_set_key(&jar, vector_r_pub);
	memcpy(bytes, vector_initiation, sizeof(bytes));
	cookie_write_macs(&jar, bytes, sizeof(bytes), p->now_ns);
	CHECK_MEM(bytes, vector_initiation, sizeof(bytes));
	memcpy(&m, held.bytes, sizeof(m));
	m.cookie[3] ^= 1;
	CHECK(!cookie_read(&jar, &m, p->now_ns));
	m.cookie[3] ^= 1;
	CHECK(cookie_read(&jar, &m, p->now_ns));
	CHECK(!cookie_read(&jar, &m, p->now_ns)); /* once per initiation */
	cookie_write_macs(&jar, bytes, sizeof(bytes), p->now_ns);
	CHECK_MEM(bytes, vector_with_mac2, sizeof(bytes));
	cookie_write_macs(&jar, bytes, sizeof(bytes), p->now_ns + 115 * NS_PER_S); /* too old to be used */
	CHECK_MEM(bytes, vector_initiation, sizeof(bytes));
}

TEST(wg_first_packet_shakes_hands_and_arrives_and_bytes_are_counted)
{
	static const struct noise_handshake wiped;
	struct pair *p = pair_of_peers(NULL);
	struct wg_peer_info a, b;

	CHECK_INT(pair_send(p, A, 60), WG_STAGED);
	wg_peer_info(p->node[A].device, pair_peer(p, A), &a);
	CHECK_INT(a.staged_count, 1);
	pair_deliver(p);
	CHECK_INT(p->node[B].data_count, 1);
	CHECK_INT(p->node[B].last_len, 60);
	CHECK(p->node[B].last_peer == pair_peer(p, B));
	CHECK_MEM(&pair_peer(p, A)->handshake, &wiped, sizeof(wiped));
	CHECK_MEM(&pair_peer(p, B)->handshake, &wiped, sizeof(wiped));
	wg_peer_info(p->node[A].device, pair_peer(p, A), &a);
	wg_peer_info(p->node[B].device, pair_peer(p, B), &b);
	CHECK_INT(a.sent_bytes, 148 + 32 + 64);
	CHECK_INT(a.received_bytes, 92);
	CHECK_INT(b.received_bytes, a.sent_bytes);
	CHECK_INT(b.sent_bytes, a.received_bytes);
	CHECK_INT(a.handshake.s, p->node[A].wall.s);
	CHECK_INT(b.handshake.s, p->node[B].wall.s);
	CHECK_INT(a.staged_count, 0);
	CHECK_INT(pair_send(p, B, 1420), WG_SEALED);
	pair_deliver(p);
	CHECK_INT(p->node[A].data_count, 1);
	CHECK_INT(p->node[A].last_len, 1420);
}

TEST(wg_preshared_key_must_be_the_same)
{
	uint8_t psk[WG_KEY_LEN] = { 1, 2, 3 };
	struct pair *p = pair_of_peers(psk);

	pair_shake(p, A);
	CHECK_INT(p->node[B].data_count, 1);
	psk[0]++;
	p = pair_of_peers(psk);
	psk[5] = 1;
	CHECK_INT(pair_join(p, B, psk, true, 0), 0);
	pair_shake(p, A);
	CHECK_INT(p->node[A].verdicts[WG_DROP_TAG], 1);
	CHECK_INT(p->node[B].data_count, 0);
	CHECK(!pair_current(p, A));
	CHECK_INT(pair_join(p, A, psk, true, 0), 0); /* mended: the next attempt works */
	pair_run(p, 6 * NS_PER_S);
	CHECK_INT(p->node[B].data_count, 1);
}

TEST(wg_responder_sends_only_after_confirmation)
{
	struct pair *p = pair_of_peers(NULL);

	CHECK_INT(pair_send(p, A, 60), WG_STAGED);
	CHECK(pair_take(p, A, &held));
	CHECK_INT(pair_give(p, B, &p->node[A].endpoint, held.bytes, held.len), WG_HANDSHAKE);
	CHECK_INT(pair_send(p, B, 60), WG_STAGED);
	CHECK_INT(p->node[B].events[WG_EVENT_SESSION], 0);
	CHECK_INT(p->node[B].sent[MESSAGE_DATA], 0); /* the response and an initiation of its own: the other may be a replay */
	CHECK_INT(p->node[B].out_count, 2);
	pair_deliver(p);
	CHECK_INT(p->node[B].events[WG_EVENT_SESSION], 1);
	CHECK_INT(p->node[A].data_count, 1);
	CHECK_INT(p->node[B].data_count, 1);
}

TEST(wg_rekeys_at_120s_under_traffic_without_loss)
{
	struct pair *p = pair_of_peers(NULL);
	unsigned sent = 0;

	pair_shake(p, A);
	for (; sent < 4000; sent++) { /* 400 s */
		pair_send(p, A, 100);
		pair_send(p, B, 100);
		pair_run(p, 100 * NS_PER_MS);
	}
	CHECK_INT(p->node[B].data_count, sent + 1);
	CHECK_INT(p->node[A].data_count, sent);
	CHECK_INT(p->node[A].sent[MESSAGE_INITIATION], 4);
	CHECK_INT(p->node[B].sent[MESSAGE_INITIATION], 0);
	CHECK_INT(p->node[A].events[WG_EVENT_SESSION], 4);
	CHECK_INT(p->node[B].events[WG_EVENT_SESSION], 4);
}

TEST(wg_rekeys_on_receive_before_the_end)
{
	struct pair *p = pair_of_peers(NULL);
	unsigned got = 0;

	pair_shake(p, A);
	for (int i = 0; i < 164; i++) { /* only the responder sends */
		CHECK_INT(pair_send(p, B, 100), WG_SEALED);
		/* A's passive keepalives would rekey at 120 s by sending: keep them off. */
		timer_clear(&p->node[A].device->timers, 0, TIMER_KEEPALIVE);
		pair_deliver(p);
		timer_clear(&p->node[A].device->timers, 0, TIMER_KEEPALIVE);
		timer_clear(&p->node[B].device->timers, 0, TIMER_NEW_HANDSHAKE);
		got++;
		pair_run(p, NS_PER_S);
	}
	CHECK_INT(p->node[A].data_count, got);
	CHECK_INT(p->node[A].sent[MESSAGE_INITIATION], 1);
	pair_run(p, NS_PER_S);
	pair_send(p, B, 100); /* 165 s */
	pair_deliver(p);
	CHECK_INT(p->node[A].sent[MESSAGE_INITIATION], 2);
}

TEST(wg_previous_keypair_is_still_accepted)
{
	struct pair *p = pair_of_peers(NULL);

	pair_shake(p, A);
	pair_send(p, B, 77);
	CHECK(pair_take(p, B, &held));
	p->cut[B] = true; /* no passive keepalive in between */
	pair_run(p, 9 * NS_PER_S);
	p->cut[B] = false;
	pair_peer(p, A)->quiet_until_ns = 0;
	pair_current(p, A)->born_ns -= 120 * NS_PER_S;
	pair_send(p, A, 60);
	pair_deliver(p);
	CHECK_INT(p->node[A].events[WG_EVENT_SESSION], 2);
	CHECK_INT(pair_give(p, A, &p->node[B].endpoint, held.bytes, held.len), WG_DATA);
	CHECK_INT(p->node[A].last_len, 77);
	CHECK_INT(pair_give(p, A, &p->node[B].endpoint, held.bytes, held.len), WG_DROP_REPLAY);
}

TEST(wg_rejects_after_180s)
{
	struct pair *p = pair_of_peers(NULL);

	pair_shake(p, A);
	pair_send(p, B, 60);
	CHECK(pair_take(p, B, &held));
	p->cut[A] = p->cut[B] = true;
	pair_run(p, 180 * NS_PER_S - 1);
	CHECK(keypairs_sender(&pair_peer(p, B)->keypairs, p->now_ns) != NULL);
	pair_run(p, 1);
	CHECK_INT(pair_give(p, A, &p->node[B].endpoint, held.bytes, held.len), WG_DROP_AGE);
	CHECK_INT(pair_send(p, B, 60), WG_STAGED);
	p->cut[A] = p->cut[B] = false;
	pair_run(p, 6 * NS_PER_S);
	CHECK_INT(p->node[A].data_count, 1);
}

TEST(wg_keys_are_zeroed_after_540s)
{
	struct pair *p = pair_of_peers(NULL);
	uint8_t zero[sizeof(struct keypair)] = { 0 };

	pair_shake(p, A);
	pair_run(p, 539 * NS_PER_S);
	CHECK(pair_current(p, B) != NULL);
	CHECK(pair_current(p, A) != NULL);
	pair_run(p, 2 * NS_PER_S);
	for (int i = 0; i < 2; i++) {
		CHECK(!pair_current(p, i));
		for (int j = 0; j < KEYPAIRS; j++)
			CHECK_MEM(&pair_peer(p, i)->keypairs.slots[j], zero, sizeof(zero));
		CHECK_INT(wg_next_due(p->node[i].device), WG_NEVER);
	}
}

TEST(wg_gives_up_after_90s_and_drops_what_was_staged)
{
	struct pair *p = pair_of_peers(NULL);
	uint64_t start_ns = p->now_ns;

	p->cut[B] = true;
	CHECK_INT(pair_send(p, A, 60), WG_STAGED);
	while (!p->node[A].events[WG_EVENT_GAVE_UP] && p->now_ns < start_ns + 200 * NS_PER_S)
		pair_run(p, 100 * NS_PER_MS);
	CHECK_INT(p->node[A].sent[MESSAGE_INITIATION], 18);
	CHECK(p->now_ns - start_ns >= 90 * NS_PER_S);
	CHECK(p->now_ns - start_ns <= 97 * NS_PER_S);
	CHECK_INT(wg_counters(p->node[A].device)->staged_dropped, 1);
	CHECK_INT(p->node[A].device->staged.queues[0].count, 0);
	pair_run(p, 100 * NS_PER_S);
	CHECK_INT(p->node[A].sent[MESSAGE_INITIATION], 18);
	CHECK_INT(pair_send(p, A, 60), WG_STAGED); /* traffic begins it anew */
	CHECK_INT(p->node[A].sent[MESSAGE_INITIATION], 19);
	p->cut[B] = false;
	pair_deliver(p);
	CHECK_INT(p->node[B].data_count, 1);
}

TEST(wg_retries_with_jitter)
{
	struct pair *p = pair_of_peers(NULL);
	uint64_t last_ns = p->now_ns, least_ns = WG_NEVER, most_ns = 0;
	uint64_t sent = 1;

	p->cut[A] = true;
	pair_send(p, A, 60);
	while (sent < 18) {
		pair_run(p, NS_PER_MS);
		if (p->node[A].sent[MESSAGE_INITIATION] == sent)
			continue;
		sent++;
		least_ns = p->now_ns - last_ns < least_ns ? p->now_ns - last_ns : least_ns;
		most_ns = p->now_ns - last_ns > most_ns ? p->now_ns - last_ns : most_ns;
		last_ns = p->now_ns;
	}
	CHECK(least_ns >= 5 * NS_PER_S - NS_PER_MS);
	CHECK(most_ns <= 5334 * NS_PER_MS);
	CHECK(most_ns - least_ns > 50 * NS_PER_MS);
}

TEST(wg_passive_keepalive_after_10s)
{
	struct pair *p = pair_of_peers(NULL);

	pair_shake(p, A);
	pair_run(p, 9999 * NS_PER_MS);
	CHECK_INT(p->node[A].keepalive_count, 0);
	pair_run(p, 2 * NS_PER_MS);
	CHECK_INT(p->node[A].keepalive_count, 1);
	pair_run(p, 60 * NS_PER_S);
	CHECK_INT(p->node[A].keepalive_count, 1);
	CHECK_INT(p->node[B].keepalive_count, 0); /* none for a keepalive */
	CHECK_INT(p->node[A].sent[MESSAGE_INITIATION], 1);
	pair_send(p, A, 60);
	pair_run(p, 5 * NS_PER_S);
	pair_send(p, A, 60);
	pair_run(p, 6 * NS_PER_S);
	CHECK_INT(p->node[A].keepalive_count, 2);
	pair_run(p, 10 * NS_PER_S);
	CHECK_INT(p->node[A].keepalive_count, 3); /* another was needed */
	pair_send(p, A, 60);
	pair_deliver(p);
	pair_send(p, B, 60); /* an answer makes it needless */
	p->node[A].device->timers.peers[0].due_ns[TIMER_KEEPALIVE] = WG_NEVER;
	pair_deliver(p);
	timer_clear(&p->node[A].device->timers, 0, TIMER_KEEPALIVE);
	pair_run(p, 12 * NS_PER_S);
	CHECK_INT(p->node[A].keepalive_count, 3);
}

TEST(wg_new_handshake_when_15s_bring_no_answer)
{
	struct pair *p = pair_of_peers(NULL);

	pair_shake(p, A);
	pair_run(p, 20 * NS_PER_S);
	p->cut[B] = true;
	pair_send(p, A, 60);
	pair_run(p, 15 * NS_PER_S);
	CHECK_INT(p->node[A].sent[MESSAGE_INITIATION], 1);
	pair_run(p, 400 * NS_PER_MS);
	CHECK_INT(p->node[A].sent[MESSAGE_INITIATION], 2);
	p->cut[B] = false;
	pair_run(p, 6 * NS_PER_S);
	CHECK_INT(p->node[A].events[WG_EVENT_SESSION], 2);
}

TEST(wg_persistent_keepalive_goes_on_without_traffic)
{
	struct pair *p = pair_of_peers(NULL);

	CHECK_INT(pair_join(p, A, NULL, true, 25), 0);
	CHECK_INT(p->node[A].sent[MESSAGE_INITIATION], 1);
	pair_deliver(p);
	CHECK_INT(p->node[B].keepalive_count, 1);
	pair_run(p, 24 * NS_PER_S);
	CHECK_INT(p->node[B].keepalive_count, 1);
	pair_run(p, 1 * NS_PER_S);
	CHECK_INT(p->node[B].keepalive_count, 2);
	pair_run(p, 1000 * NS_PER_S); /* over several sessions */
	CHECK(p->node[B].keepalive_count >= 38 && p->node[B].keepalive_count <= 52);
	p->cut[B] = true; /* and it never tires of a peer that is away */
	pair_run(p, 1000 * NS_PER_S);
	uint64_t sent = p->node[A].sent[MESSAGE_INITIATION];
	p->cut[B] = false;
	pair_run(p, 130 * NS_PER_S);
	CHECK(p->node[A].sent[MESSAGE_INITIATION] > sent);
	CHECK(keypairs_sender(&pair_peer(p, A)->keypairs, p->now_ns) != NULL);
	CHECK_INT(pair_join(p, A, NULL, true, 0), 0);
	p->node[B].keepalive_count = 0;
	pair_run(p, 60 * NS_PER_S);
	CHECK_INT(p->node[B].keepalive_count, 0);
}

TEST(wg_persistent_keepalive_starts_with_the_first_endpoint_and_key)
{
	struct pair *p = pair_new(NULL);
	uint8_t zero[WG_KEY_LEN] = { 0 }, key[WG_KEY_LEN];

	memcpy(key, p->node[A].private_key, WG_KEY_LEN);
	CHECK_INT(pair_join(p, A, NULL, false, 25), 0);
	pair_run(p, 100 * NS_PER_S);
	CHECK_INT(p->node[A].sent[MESSAGE_INITIATION], 0);
	CHECK(wg_next_due(p->node[A].device) <= p->now_ns + 25 * NS_PER_S); /* it goes on asking */
	struct wg_peer_change c = { .public_key = p->node[B].public_key, .endpoint = &p->node[B].endpoint };
	CHECK_INT(wg_set_peer(p->node[A].device, &c, p->now_ns), 0);
	CHECK_INT(p->node[A].sent[MESSAGE_INITIATION], 1);
	p = pair_new(NULL);
	wg_set_private_key(p->node[A].device, zero, p->now_ns);
	CHECK(!wg_private_key(p->node[A].device, zero));
	CHECK_INT(pair_join(p, A, NULL, true, 25), 0);
	CHECK_INT(p->node[A].sent[MESSAGE_INITIATION], 0);
	CHECK_INT(pair_send(p, A, 60), WG_STAGED);
	wg_set_private_key(p->node[A].device, key, p->now_ns);
	CHECK_INT(p->node[A].sent[MESSAGE_INITIATION], 1);
	CHECK_INT(pair_join(p, B, NULL, false, 0), 0);
	pair_deliver(p);
	CHECK_INT(p->node[B].data_count, 1);
}

TEST(wg_initiator_returns_the_cookie_of_a_loaded_responder)
{
	struct pair *p = pair_of_peers(NULL);

	p->node[B].device->guard.load.until_ns = WG_NEVER;
	pair_shake(p, A);
	CHECK_INT(p->node[B].verdicts[WG_DROP_COOKIE], 1);
	CHECK_INT(p->node[B].sent[MESSAGE_COOKIE], 1);
	CHECK_INT(p->node[A].verdicts[WG_HANDSHAKE], 1);
	CHECK_INT(p->node[B].data_count, 0);
	pair_run(p, 6 * NS_PER_S);
	CHECK_INT(p->node[B].verdicts[WG_DROP_COOKIE], 1);
	CHECK_INT(p->node[B].data_count, 1);
	CHECK_INT(wg_counters(p->node[B].device)->cookies_sent, 1);
}

TEST(wg_answer_to_our_initiation_needs_no_cookie)
{
	struct pair *p = pair_of_peers(NULL);

	p->node[A].device->guard.load.until_ns = WG_NEVER;
	CHECK_INT(pair_send(p, A, 60), WG_STAGED);
	CHECK(pair_take(p, A, &held));
	CHECK_INT(pair_give(p, B, &p->node[A].endpoint, held.bytes, held.len), WG_HANDSHAKE);
	CHECK(pair_take(p, B, &other));
	other.bytes[8] ^= 1; /* who did not see the initiation knows no index */
	cookie_write_macs(&pair_peer(p, B)->jar, other.bytes, other.len, p->now_ns);
	CHECK_INT(pair_give(p, A, &p->node[B].endpoint, other.bytes, other.len), WG_DROP_COOKIE);
	other.bytes[8] ^= 1;
	cookie_write_macs(&pair_peer(p, B)->jar, other.bytes, other.len, p->now_ns);
	CHECK_INT(pair_give(p, A, &p->node[B].endpoint, other.bytes, other.len), WG_HANDSHAKE);
	CHECK_INT(p->node[A].sent[MESSAGE_COOKIE], 1);
}

/* Others want a cookie for a response too. */
TEST(wg_responder_returns_the_cookie_of_a_loaded_initiator)
{
	struct pair *p = pair_of_peers(NULL);
	struct cookie_checker *checker = &p->node[A].device->checker;
	struct message_cookie m = { .nonce = { 1 } };
	const uint8_t secret[WG_KEY_LEN] = { 2 };

	CHECK_INT(pair_send(p, A, 60), WG_STAGED);
	CHECK(pair_take(p, A, &held));
	CHECK_INT(pair_give(p, B, &p->node[A].endpoint, held.bytes, held.len), WG_HANDSHAKE);
	CHECK(pair_take(p, B, &other));
	cookie_set_secret(checker, secret, p->now_ns);
	cookie_write(checker, &m, other.bytes, other.len, &p->node[B].endpoint);
	CHECK_INT(pair_give(p, B, &p->node[A].endpoint, (const uint8_t *)&m, sizeof(m)), WG_HANDSHAKE);
	p->now_ns += 6 * NS_PER_S;
	p->node[A].wall.s += 6;
	wg_poll(p->node[A].device, p->now_ns);
	CHECK(pair_take(p, A, &held));
	CHECK_INT(pair_give(p, B, &p->node[A].endpoint, held.bytes, held.len), WG_HANDSHAKE);
	CHECK(pair_take(p, B, &other));
	CHECK(cookie_mac2_is_right(checker, other.bytes, other.len, &p->node[B].endpoint, p->now_ns));
}

TEST(wg_cookie_secret_changes_after_120s)
{
	struct pair *p = pair_of_peers(NULL);

	p->node[B].device->guard.load.until_ns = WG_NEVER;
	pair_shake(p, A);
	p->cut[A] = true;
	pair_run(p, 120 * NS_PER_S); /* A gave up meanwhile */
	p->cut[A] = false;
	pair_shake(p, A);
	CHECK_INT(p->node[B].verdicts[WG_DROP_COOKIE], 2);
	pair_run(p, 6 * NS_PER_S);
	CHECK_INT(p->node[B].data_count, 1);
}

TEST(wg_roams_only_by_an_authentic_fresh_packet)
{
	struct pair *p = pair_of_peers(NULL);
	struct inet_endpoint moved = { .addr = { AF_INET6, { 0x20, 1, 0x0d, 0xb8, [15] = 9 } }, .port = 7 };
	struct wg_peer_info info;

	pair_shake(p, A);
	pair_send(p, A, 60);
	CHECK(pair_take(p, A, &held));
	held.bytes[held.len - 1] ^= 1;
	CHECK_INT(pair_give(p, B, &moved, held.bytes, held.len), WG_DROP_TAG);
	wg_peer_info(p->node[B].device, pair_peer(p, B), &info);
	CHECK(inet_endpoint_equal(&info.endpoint, &p->node[A].endpoint));
	held.bytes[held.len - 1] ^= 1;
	CHECK_INT(pair_give(p, B, &moved, held.bytes, held.len), WG_DATA);
	CHECK_INT(p->node[B].events[WG_EVENT_ROAMED], 1);
	CHECK_INT(pair_give(p, B, &p->node[A].endpoint, held.bytes, held.len), WG_DROP_REPLAY);
	wg_peer_info(p->node[B].device, pair_peer(p, B), &info);
	CHECK(inet_endpoint_equal(&info.endpoint, &moved));
	pair_send(p, B, 60);
	CHECK(pair_take(p, B, &held));
	CHECK(inet_endpoint_equal(&held.to, &moved));
	/* Setting an endpoint leaves the session alone. */
	CHECK_INT(pair_join(p, B, NULL, true, 0), 0);
	CHECK_INT(pair_send(p, B, 60), WG_SEALED);
	CHECK(pair_take(p, B, &held));
	CHECK(inet_endpoint_equal(&held.to, &p->node[A].endpoint));
	CHECK_INT(p->node[B].events[WG_EVENT_SESSION], 1);
}

/* What is new in a peer after an initiation: the stamp, when it came, a session that waits, bytes. */
static bool is_as_before(const struct wg_device *d, const struct wg_peer *p, const struct wg_peer *before,
			 const struct peer_timers *timers)
{
	return inet_endpoint_equal(&p->flow.remote, &before->flow.remote) && p->initiating == before->initiating &&
	       p->initiation_index == before->initiation_index && p->quiet_until_ns == before->quiet_until_ns &&
	       p->keypairs.current == before->keypairs.current && p->keypairs.previous == before->keypairs.previous &&
	       p->need_another_keepalive == before->need_another_keepalive &&
	       !memcmp(&p->shaken, &before->shaken, sizeof(p->shaken)) &&
	       !memcmp(&d->timers.peers[p->id].due_ns, &timers->due_ns, sizeof(timers->due_ns));
}

/* An initiation that A sent elsewhere (another port of ours, or before we were started again), from nowhere. */
TEST(wg_replayed_initiation_costs_one_answer_and_nothing_more)
{
	const struct inet_endpoint hostile = { .addr = { AF_INET, { 198, 51, 100, 7 } }, .port = 4444 };
	struct pair *p = pair_of_peers(NULL);
	static struct datagram recorded;
	static struct wg_peer before;
	struct peer_timers timers;

	pair_shake(p, A);
	pair_run(p, 6 * NS_PER_S);
	pair_current(p, A)->can_send = false;
	pair_send(p, A, 60);
	CHECK(pair_take(p, A, &recorded));
	CHECK_INT(recorded.bytes[0], MESSAGE_INITIATION);
	for (int session = 1; session >= 0; session--) {
		struct wg_device *d = p->node[B].device;
		struct wg_peer *peer = pair_peer(p, B);

		/* Everything that it could disturb: a keepalive that is due, data that waits for a sign of life, and (without
		 * a session) a handshake of our own. */
		if (!session) {
			keypairs_clear(&peer->keypairs, &d->index);
			memset(peer->stamp_seen, 0, sizeof(peer->stamp_seen));
			p->now_ns += 30 * NS_PER_MS;
		}
		CHECK_INT(pair_send(p, B, 60), session ? WG_SEALED : WG_STAGED);
		CHECK(pair_take(p, B, &held));
		policy_timer(d, peer, TIMER_KEEPALIVE, p->now_ns + NS_PER_S);
		policy_timer(d, peer, TIMER_ZERO_KEYS, p->now_ns + 500 * NS_PER_S);
		before = *peer;
		timers = d->timers.peers[peer->id];
		CHECK_INT(pair_give(p, B, &hostile, recorded.bytes, recorded.len), WG_HANDSHAKE);
		CHECK(is_as_before(d, peer, &before, &timers));
		CHECK(pair_take(p, B, &other));
		CHECK_INT(other.bytes[0], MESSAGE_RESPONSE);
		CHECK(inet_endpoint_equal(&other.to, &hostile));
		CHECK_INT(p->node[B].out_count, 0);
		CHECK_INT(pair_give(p, B, &hostile, recorded.bytes, recorded.len), WG_DROP_AGAIN);
		CHECK(!pair_take(p, B, &other));
	}
	/* Our own handshake goes on and is done. */
	p->node[A].wall.s++;
	CHECK_INT(pair_give(p, A, &p->node[B].endpoint, held.bytes, held.len), WG_HANDSHAKE);
	pair_deliver(p);
	CHECK_INT(p->node[B].verdicts[WG_HANDSHAKE], 4);
	CHECK(inet_endpoint_equal(&pair_peer(p, B)->flow.remote, &p->node[A].endpoint));
}

TEST(wg_peer_that_went_elsewhere_is_followed_by_the_first_packet_of_its_session)
{
	const struct inet_endpoint moved = { .addr = { AF_INET, { 198, 51, 100, 7 } }, .port = 4444 };

	/* once with an endpoint that is known, once without */
	for (int known = 0; known < 2; known++) {
		struct pair *p = pair_new(NULL);

		CHECK_INT(pair_join(p, A, NULL, true, 0) + pair_join(p, B, NULL, known, 0), 0);
		pair_send(p, A, 60);
		CHECK(pair_take(p, A, &held));
		CHECK_INT(pair_give(p, B, &moved, held.bytes, held.len), WG_HANDSHAKE);
		CHECK_INT(pair_peer(p, B)->flow.remote.addr.family, known ? AF_INET : 0);
		CHECK(!inet_endpoint_equal(&pair_peer(p, B)->flow.remote, &moved));
		CHECK(pair_take(p, B, &held));
		CHECK(inet_endpoint_equal(&held.to, &moved));
		CHECK_INT(pair_give(p, A, &p->node[B].endpoint, held.bytes, held.len), WG_HANDSHAKE);
		CHECK(pair_take(p, A, &held));
		CHECK_INT(pair_give(p, B, &moved, held.bytes, held.len), WG_DATA);
		CHECK(inet_endpoint_equal(&pair_peer(p, B)->flow.remote, &moved));
		CHECK_INT(p->node[B].events[WG_EVENT_ROAMED], known);
	}
}

TEST(wg_answers_from_the_address_that_was_written_to)
{
	const struct inet_addr first = { AF_INET, { 192, 0, 2, 50 } }, second = { AF_INET, { 192, 0, 2, 51 } };
	struct pair *p = pair_of_peers(NULL);

	CHECK_INT(pair_send(p, A, 60), WG_STAGED);
	CHECK(pair_take(p, A, &held));
	CHECK_INT(held.local.family, 0); /* nothing came from there yet */
	p->local = first;
	CHECK_INT(pair_give(p, B, &p->node[A].endpoint, held.bytes, held.len), WG_HANDSHAKE);
	CHECK(pair_take(p, B, &held));
	CHECK(inet_addr_equal(&held.local, &first));
	CHECK_INT(pair_give(p, A, &p->node[B].endpoint, held.bytes, held.len), WG_HANDSHAKE);
	CHECK(pair_take(p, A, &held));
	held.bytes[held.len - 1] ^= 1;
	p->local = second;
	CHECK_INT(pair_give(p, B, &p->node[A].endpoint, held.bytes, held.len), WG_DROP_TAG);
	CHECK_INT(pair_peer(p, B)->flow.local.family, 0);
	held.bytes[held.len - 1] ^= 1;
	CHECK_INT(pair_give(p, B, &p->node[A].endpoint, held.bytes, held.len), WG_DATA);
	CHECK_INT(p->node[B].events[WG_EVENT_ROAMED], 0); /* the peer did not move */
	CHECK_INT(pair_send(p, B, 60), WG_SEALED);
	CHECK(pair_take(p, B, &held));
	CHECK(inet_addr_equal(&held.local, &second));
	/* A file that sets the endpoint does not know which address of ours it will write to. */
	CHECK_INT(pair_join(p, B, NULL, true, 0), 0);
	CHECK_INT(pair_peer(p, B)->flow.local.family, 0);
}

TEST(wg_gives_an_address_up_that_gets_no_answer)
{
	struct pair *p = pair_of_peers(NULL);

	p->local = (struct inet_addr){ AF_INET, { 192, 0, 2, 50 } };
	pair_shake(p, A);
	p->cut[A] = true;
	CHECK_INT(pair_send(p, B, 60), WG_SEALED);
	CHECK_INT(pair_peer(p, B)->flow.local.family, AF_INET);
	while (pair_take(p, B, &held))
		;
	pair_run(p, (KEEPALIVE_TIMEOUT_S + REKEY_TIMEOUT_S + 1) * NS_PER_S); /* data and no answer: a new handshake */
	CHECK_INT(p->node[B].sent[MESSAGE_INITIATION], 1);
	CHECK_INT(pair_peer(p, B)->flow.local.family, 0);
	CHECK(inet_endpoint_equal(&pair_peer(p, B)->flow.remote, &p->node[A].endpoint));
	pair_peer(p, B)->flow.local = p->local;
	pair_run(p, (REKEY_TIMEOUT_S + 1) * NS_PER_S);
	CHECK(p->node[B].sent[MESSAGE_INITIATION] > 1);
	CHECK_INT(pair_peer(p, B)->flow.local.family, 0);
}

TEST(wg_outer_header_says_what_the_kernels_does)
{
	uint8_t packet[WG_HEADROOM + 40 + WG_TAILROOM] = { [WG_HEADROOM] = 0x45, 0xb9, 0, 40 }, *ip = packet + WG_HEADROOM;
	struct pair *p = pair_of_peers(NULL);
	struct wg_view view;

	memcpy(ip + 12, a_inner, 4);
	memcpy(ip + 16, b_inner, 4);
	CHECK_INT(wg_output(p->node[A].device, ip, 40, p->now_ns, &view), WG_STAGED);
	CHECK(pair_take(p, A, &held));
	CHECK_INT(held.ds, 0x88);
	CHECK_INT(pair_give(p, B, &p->node[A].endpoint, held.bytes, held.len), WG_HANDSHAKE);
	CHECK(pair_take(p, B, &held));
	CHECK_INT(held.ds, 0x88);
	CHECK_INT(pair_give(p, A, &p->node[B].endpoint, held.bytes, held.len), WG_HANDSHAKE);
	CHECK(pair_take(p, A, &held));
	CHECK(held.sealed);
	CHECK_INT(held.ds, 1); /* the class stays inside, ECN does not */
	p->ds = 3;
	CHECK_INT(pair_give(p, B, &p->node[A].endpoint, held.bytes, held.len), WG_DATA);
	CHECK_INT(p->node[B].last[1], 0xbb);
	ip[1] = 0xbb;
	CHECK_INT(wg_output(p->node[A].device, ip, 40, p->now_ns, &view), WG_SEALED);
	CHECK_INT(view.ds, 2);
	CHECK_INT(pair_send(p, B, 60), WG_SEALED);
	CHECK(pair_take(p, B, &held));
	CHECK_INT(held.ds, 0);
}

TEST(wg_peer_without_endpoint_has_one_once_it_shook_hands)
{
	struct pair *p = pair_new(NULL);

	CHECK_INT(pair_join(p, A, NULL, true, 0), 0);
	CHECK_INT(pair_join(p, B, NULL, false, 0), 0);
	CHECK_INT(pair_send(p, B, 60), WG_NO_ENDPOINT);
	pair_shake(p, A);
	CHECK_INT(pair_send(p, B, 60), WG_SEALED);
	CHECK_INT(p->node[B].events[WG_EVENT_ROAMED], 0);
}

TEST(wg_output_says_why_not)
{
	const uint8_t nowhere[4] = { 10, 9, 9, 9 };
	struct pair *p = pair_of_peers(NULL);
	uint8_t packet[WG_HEADROOM + 64 + WG_TAILROOM] = { 0 };
	struct wg_view view;

	CHECK_INT(pair_send_to(p, A, a_inner, nowhere, 60), WG_NO_PEER);
	CHECK_INT(pair_send(p, A, 1501), WG_TOO_LONG);
	CHECK_INT(wg_output(p->node[A].device, packet + WG_HEADROOM, 64, p->now_ns, &view), WG_NOT_IP);
	CHECK_INT(wg_output(p->node[A].device, packet + WG_HEADROOM, 0, p->now_ns, &view), WG_NOT_IP);
	packet[WG_HEADROOM] = 0x60;
	CHECK_INT(wg_output(p->node[A].device, packet + WG_HEADROOM, 39, p->now_ns, &view), WG_NOT_IP);
	packet[WG_HEADROOM + 24] = 0xfd;
	packet[WG_HEADROOM + 39] = 2;
	CHECK_INT(wg_output(p->node[A].device, packet + WG_HEADROOM, 40, p->now_ns, &view), WG_STAGED);
	CHECK_INT(wg_counters(p->node[A].device)->verdicts[WG_NOT_IP], 3);
}

TEST(wg_staged_overflow_drops_the_oldest)
{
	struct pair *p = pair_of_peers(NULL);
	const struct wg_counters *counters = wg_counters(p->node[A].device);
	unsigned first = 0, seen = 0;

	for (size_t i = 0; i < 131; i++)
		CHECK_INT(pair_send(p, A, 20 + i), WG_STAGED);
	CHECK_INT(counters->staged_dropped, 3);
	CHECK(pair_take(p, A, &held));
	CHECK_INT(pair_give(p, B, &p->node[A].endpoint, held.bytes, held.len), WG_HANDSHAKE);
	CHECK(pair_take(p, B, &held));
	CHECK_INT(pair_give(p, A, &p->node[B].endpoint, held.bytes, held.len), WG_HANDSHAKE);
	while (pair_take(p, A, &held)) {
		CHECK(held.sealed);
		CHECK_INT(pair_give(p, B, &p->node[A].endpoint, held.bytes, held.len), WG_DATA);
		first = first ? first : (unsigned)p->node[B].last_len;
		CHECK_INT(p->node[B].last_len, first + seen);
		seen++;
	}
	CHECK_INT(first, 23);
	CHECK_INT(seen, 128);
}

TEST(wg_padding_is_to_16_and_never_above_the_mtu)
{
	static const struct {
		size_t mtu, len, sealed;
	} t[] = {
		{ 1420, 20, 32 },     { 1420, 32, 32 },     { 1420, 33, 48 },     { 1420, 1408, 1408 },
		{ 1420, 1409, 1420 }, { 1420, 1419, 1420 }, { 1420, 1420, 1420 }, { 0, 1419, 1424 },
		{ 0, 20, 32 },        { 100, 101, 101 + 15 }, { 100, 199, 200 },  { 21, 20, 21 },
	};
	struct pair *p = pair_of_peers(NULL);

	pair_shake(p, A);
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		wg_set_mtu(p->node[A].device, t[i].mtu);
		CHECK_INT(pair_send(p, A, t[i].len), WG_SEALED);
		CHECK(pair_take(p, A, &held));
		CHECK_INT(held.len, 32 + t[i].sealed);
		CHECK_INT(pair_give(p, B, &p->node[A].endpoint, held.bytes, held.len), WG_DATA);
		CHECK_INT(p->node[B].last_len, t[i].len);
	}
}

static int add_peer(struct pair *p, uint8_t n, const struct inet_prefix *allowed, size_t count, unsigned flags)
{
	uint8_t key[WG_KEY_LEN] = { n, 77 };
	struct wg_peer_change c = { .public_key = key, .allowed = allowed, .allowed_count = count, .flags = flags };

	return wg_set_peer(p->node[A].device, &c, p->now_ns);
}

static struct inet_prefix net(uint8_t a, uint8_t b)
{
	return (struct inet_prefix){ { AF_INET, { 10, a, b, 99 } }, 24 };
}

/* Who gets a packet to addr. */
static struct wg_peer *goes_to(struct wg_device *d, const struct inet_addr *addr)
{
	uint16_t id = allowedips_find(&d->allowed, addr->family == AF_INET6, addr->bytes);

	return id == ALLOWED_NONE ? NULL : &d->peers[id];
}

TEST(wg_full_table_is_enospc_before_anything_changed)
{
	static uint8_t before[1 << 20];
	struct pair *p = pair_of_peers(NULL); /* 8 peers, 64 prefixes; 1 and 2 are in use */
	struct inet_prefix many[65];
	struct node *a = &p->node[A];
	uint8_t key[WG_KEY_LEN] = { 3, 77 };
	struct wg_peer *peer;

	CHECK(a->arena_len <= sizeof(before));
	for (uint8_t i = 0; i < 65; i++)
		many[i] = net(1, i);
	for (uint8_t i = 1; i < 8; i++)
		CHECK_INT(add_peer(p, i, NULL, 0, 0), 0);
	memcpy(before, a->arena, a->arena_len);
	CHECK_INT(add_peer(p, 8, NULL, 0, 0), -ENOSPC);
	CHECK_MEM(before, a->arena, a->arena_len);
	CHECK_INT(add_peer(p, 3, many, 62, 0), 0);
	CHECK_INT(add_peer(p, 3, many, 62, 0), 0); /* they are there */
	memcpy(before, a->arena, a->arena_len);
	CHECK_INT(add_peer(p, 4, many + 61, 2, 0), -ENOSPC);
	CHECK_INT(add_peer(p, 3, many, 63, WG_PEER_REPLACE_ALLOWED), -ENOSPC);
	CHECK_INT(add_peer(p, 9, NULL, 0, WG_PEER_UPDATE_ONLY), -ENOENT);
	struct inet_prefix bad = { { AF_INET, { 0 } }, 33 };
	CHECK_INT(add_peer(p, 3, &bad, 1, WG_PEER_REPLACE_ALLOWED), -EINVAL);
	CHECK_MEM(before, a->arena, a->arena_len);
	CHECK_INT(add_peer(p, 4, many + 61, 1, 0), 0); /* moves over */
	peer = goes_to(a->device, &many[61].addr);
	CHECK(peer && peer != device_find(a->device, key));
	CHECK_INT(add_peer(p, 3, many + 1, 60, WG_PEER_REPLACE_ALLOWED), 0);
	CHECK(!goes_to(a->device, &many[0].addr));
	CHECK(goes_to(a->device, &many[1].addr) == device_find(a->device, key));
	CHECK_INT(wg_remove_peer(a->device, key), 0);
	CHECK_INT(wg_remove_peer(a->device, key), -ENOENT);
	CHECK(!goes_to(a->device, &many[1].addr));
	CHECK_INT(add_peer(p, 8, many, 61, 0), 0); /* the slot is free again */
	CHECK_INT(a->device->peer_count, 8);
}

TEST(wg_dump_tells_what_was_set)
{
	struct pair *p = pair_new(NULL);
	struct wg_device *d = p->node[A].device;
	struct inet_prefix list[] = { net(1, 1), net(1, 2), { { AF_INET6, { 0xfd } }, 0 } }, got;
	uint8_t psk[WG_KEY_LEN] = { 9 };
	struct wg_peer_change c = { .public_key = p->node[B].public_key, .preshared_key = psk, .allowed = list,
				    .allowed_count = 3, .keepalive_s = 17, .flags = WG_PEER_SET_KEEPALIVE };
	struct wg_peer_info info;
	uint32_t cursor = 0;
	unsigned found = 0;

	CHECK_INT(wg_set_peer(d, &c, p->now_ns), 0);
	CHECK_INT(add_peer(p, 1, NULL, 0, 0), 0);
	c = (struct wg_peer_change){ .public_key = p->node[B].public_key };
	CHECK_INT(wg_set_peer(d, &c, p->now_ns), 0); /* changes nothing */
	wg_peer_info(d, device_find(d, p->node[B].public_key), &info);
	CHECK_MEM(info.public_key, p->node[B].public_key, WG_KEY_LEN);
	CHECK_MEM(info.preshared_key, psk, WG_KEY_LEN);
	CHECK_INT(info.keepalive_s, 17);
	CHECK_INT(info.endpoint.addr.family, 0);
	CHECK_INT(info.allowed_count, 3);
	while (wg_peer_allowed(d, device_find(d, p->node[B].public_key), &cursor, &got)) {
		for (unsigned i = 0; i < 3; i++) {
			struct inet_prefix cut = { inet_prefix_first(&list[i]), list[i].len };

			if (inet_prefix_equal(&cut, &got))
				found |= 1U << i;
		}
	}
	CHECK_INT(found, 7);
	unsigned count = 0;
	for (struct wg_peer *peer = wg_peer_next(d, NULL); peer; peer = wg_peer_next(d, peer)) {
		CHECK_INT(wg_remove_peer(d, peer->remote.public_key), 0);
		count++;
	}
	CHECK_INT(count, 2);
	CHECK_INT(d->peer_count, 0);
}

TEST(wg_stamps_rise_whatever_the_wall_clock_does)
{
	uint8_t first[WG_STAMP_LEN], second[WG_STAMP_LEN], floor[WG_STAMP_LEN];
	struct pair *p = pair_of_peers(NULL);

	wg_stamp(first, (struct wg_wall){ 1, 16777215 });
	CHECK_INT(load_be64(first), 0x400000000000000bLL);
	CHECK_INT(load_be32(first + 8), 0);
	CHECK_INT(load_be64(pair_peer(p, A)->stamp_sent), 0);
	pair_shake(p, A);
	memcpy(first, pair_peer(p, A)->stamp_sent, WG_STAMP_LEN);
	CHECK_MEM(first, pair_peer(p, B)->stamp_seen, WG_STAMP_LEN);
	p->node[A].wall.s -= 86400; /* it went back: the next one is just above */
	p->cut[B] = true;
	pair_send(p, A, 60);
	pair_run(p, 16 * NS_PER_S);
	p->cut[B] = false;
	pair_run(p, 6 * NS_PER_S);
	CHECK_INT(p->node[A].events[WG_EVENT_SESSION], 2);
	CHECK_INT(p->node[B].verdicts[WG_DROP_STAMP], 0);
	memcpy(second, pair_peer(p, A)->stamp_sent, WG_STAMP_LEN);
	CHECK(memcmp(second, first, WG_STAMP_LEN) > 0);
	/* A removed peer that comes back, and a path that moves to another device, go on from there. */
	CHECK_INT(wg_remove_peer(p->node[A].device, p->node[B].public_key), 0);
	CHECK_MEM(p->node[A].device->stamp_floor, second, WG_STAMP_LEN);
	CHECK_INT(pair_join(p, A, NULL, true, 0), 0);
	pair_shake(p, A);
	CHECK_INT(p->node[A].events[WG_EVENT_SESSION], 3);
	memcpy(floor, pair_peer(p, A)->stamp_sent, WG_STAMP_LEN);
	p = pair_of_peers(NULL);
	p->node[A].wall.s -= 1000000;
	memcpy(pair_peer(p, B)->stamp_seen, floor, WG_STAMP_LEN);
	wg_set_stamp_sent(p->node[A].device, floor);
	pair_shake(p, A);
	CHECK_INT(p->node[B].data_count, 1);
}

TEST(wg_replayed_and_flooding_initiations_are_refused)
{
	struct pair *p = pair_of_peers(NULL);

	CHECK_INT(pair_send(p, A, 60), WG_STAGED);
	CHECK(pair_take(p, A, &held));
	CHECK_INT(pair_give(p, B, &p->node[A].endpoint, held.bytes, held.len), WG_HANDSHAKE);
	CHECK_INT(pair_give(p, B, &p->node[A].endpoint, held.bytes, held.len), WG_DROP_AGAIN);
	pair_peer(p, A)->quiet_until_ns = 0;
	p->node[A].wall.s++;
	CHECK_INT(pair_send(p, A, 60), WG_STAGED);
	CHECK(pair_take(p, A, &held));
	p->now_ns += 20 * NS_PER_MS - 1;
	CHECK_INT(pair_give(p, B, &p->node[A].endpoint, held.bytes, held.len), WG_DROP_FLOOD);
	p->now_ns += 1;
	CHECK_INT(pair_give(p, B, &p->node[A].endpoint, held.bytes, held.len), WG_HANDSHAKE);
}

TEST(wg_new_private_key_ends_all_sessions)
{
	uint8_t key[WG_KEY_LEN] = { 5 };
	struct pair *p = pair_of_peers(NULL);

	pair_shake(p, A);
	wg_set_private_key(p->node[A].device, p->node[A].private_key, p->now_ns); /* the same: nothing */
	CHECK_INT(pair_send(p, A, 60), WG_SEALED);
	pair_deliver(p);
	set_key(p, A, key);
	CHECK_INT(pair_send(p, A, 60), WG_STAGED);
	CHECK_INT(p->node[A].sent[MESSAGE_INITIATION], 2); /* at once */
	pair_deliver(p);
	CHECK_INT(p->node[B].verdicts[WG_DROP_PEER], 1);
	CHECK_INT(pair_join(p, B, NULL, true, 0), 0);
	pair_run(p, 6 * NS_PER_S);
	CHECK_INT(p->node[B].data_count, 3);
}

TEST(wg_peer_with_our_own_key_is_not_taken_and_removed)
{
	struct pair *p = pair_of_peers(NULL);
	struct wg_device *d = p->node[A].device;
	struct wg_peer_change c = { .public_key = p->node[A].public_key };

	CHECK_INT(wg_set_peer(d, &c, p->now_ns), 0);
	CHECK_INT(d->peer_count, 1);
	wg_set_private_key(d, p->node[B].private_key, p->now_ns);
	CHECK_INT(d->peer_count, 0);
}

TEST(wg_indices_are_never_given_twice)
{
	static const uint8_t same[] = { 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2 };
	struct pair *p = pair_new(NULL);
	struct wg_peer one = { .id = 1 }, two = { .id = 2 };
	uint32_t a, b;

	p->node[A].script = same;
	p->node[A].script_len = sizeof(same);
	CHECK(device_new_index(p->node[A].device, &one, INDEX_HANDSHAKE, &a));
	CHECK(device_new_index(p->node[A].device, &two, INDEX_HANDSHAKE, &b));
	CHECK_INT(a, 0x01010101);
	CHECK_INT(b, 0x02020202);
	CHECK_INT(p->node[A].script_len, 0);
}

TEST(wg_initiations_that_cross_come_to_a_session)
{
	struct pair *p = pair_of_peers(NULL);

	CHECK_INT(pair_send(p, A, 60), WG_STAGED);
	CHECK_INT(pair_send(p, B, 61), WG_STAGED);
	CHECK(pair_take(p, A, &held));
	CHECK(pair_take(p, B, &other));
	CHECK_INT(pair_give(p, B, &p->node[A].endpoint, held.bytes, held.len), WG_HANDSHAKE);
	CHECK_INT(pair_give(p, A, &p->node[B].endpoint, other.bytes, other.len), WG_HANDSHAKE);
	pair_deliver(p); /* at once */
	CHECK_INT(p->node[A].data_count, 1);
	CHECK_INT(p->node[B].data_count, 1);
	/* and both send under the same session, which one of them renews */
	CHECK_INT(pair_current(p, A)->remote_index, pair_current(p, B)->local_index);
	CHECK_INT(pair_current(p, A)->initiator + pair_current(p, B)->initiator, 1);
	CHECK(!pair_peer(p, A)->initiating && !pair_peer(p, B)->initiating);
}

/* As the kernel's, by netif_running: an initiation before that is lost, and the next one is REKEY_TIMEOUT away. */
TEST(wg_device_that_is_down_is_silent_and_comes_up_with_its_keepalives)
{
	struct pair *p = pair_new(NULL);
	struct wg_device *a = p->node[A].device;
	struct wg_peer_info info;

	wg_set_up(a, false, p->now_ns);
	CHECK_INT(pair_join(p, A, NULL, true, 1) + pair_join(p, B, NULL, true, 0), 0);
	pair_run(p, 10 * NS_PER_S);
	CHECK_INT(p->node[A].sent[MESSAGE_INITIATION], 0);
	CHECK(wg_next_due(a) == WG_NEVER);
	pair_send(p, B, 60); /* nor does it answer */
	pair_run(p, NS_PER_S);
	CHECK_INT(p->node[A].verdicts[WG_DROP_DOWN], 1);
	wg_peer_info(a, pair_peer(p, A), &info);
	CHECK_INT(info.received_bytes + info.sent_bytes, 0);
	wg_set_up(a, true, p->now_ns);
	pair_deliver(p);
	CHECK_INT(p->node[A].events[WG_EVENT_SESSION], 1);
	CHECK_INT(p->node[B].events[WG_EVENT_SESSION], 1);
	/* Down again: no session, no timer, nothing staged. */
	pair_run(p, 3 * NS_PER_S);
	wg_set_up(a, false, p->now_ns);
	CHECK(!pair_current(p, A));
	CHECK(wg_next_due(a) == WG_NEVER);
	pair_run(p, 3 * NS_PER_S);
	wg_set_up(a, true, p->now_ns);
	pair_deliver(p);
	CHECK_INT(p->node[A].events[WG_EVENT_SESSION], 2);
}

TEST(wg_message_counters_end_a_session)
{
	struct pair *p = pair_of_peers(NULL);

	pair_shake(p, B); /* also the responder of it */
	pair_run(p, 6 * NS_PER_S);
	pair_current(p, A)->send_counter = REKEY_AFTER_MESSAGES;
	CHECK_INT(pair_send(p, A, 60), WG_SEALED);
	CHECK_INT(p->node[A].sent[MESSAGE_INITIATION], 1);
	pair_deliver(p);
	CHECK_INT(p->node[A].events[WG_EVENT_SESSION], 2);
	pair_run(p, 6 * NS_PER_S);
	pair_current(p, A)->send_counter = REJECT_AFTER_MESSAGES - 1;
	CHECK_INT(pair_send(p, A, 60), WG_SEALED);
	CHECK(pair_take(p, A, &held)); /* the initiation, for the counter is above the soft limit too */
	CHECK(pair_take(p, A, &other));
	CHECK_INT(held.bytes[0], MESSAGE_INITIATION);
	CHECK_INT(pair_give(p, B, &p->node[A].endpoint, other.bytes, other.len), WG_DATA);
	CHECK_INT(pair_send(p, A, 60), WG_STAGED);
	CHECK_INT(pair_give(p, B, &p->node[A].endpoint, held.bytes, held.len), WG_HANDSHAKE);
	pair_deliver(p);
	CHECK_INT(p->node[B].data_count, 3);
}

TEST(wg_without_random_bytes_nothing_is_sent_and_it_recovers)
{
	struct pair *p = pair_of_peers(NULL);

	p->node[A].random_fails = true;
	CHECK_INT(pair_send(p, A, 60), WG_STAGED);
	CHECK_INT(p->node[A].out_count, 0);
	p->node[A].random_fails = false;
	pair_run(p, 6 * NS_PER_S);
	CHECK_INT(p->node[B].data_count, 1);
	p = pair_of_peers(NULL);
	p->node[B].random_fails = true;
	pair_shake(p, A);
	CHECK_INT(p->node[B].verdicts[WG_DROP_RANDOM], 1);
	p->node[B].random_fails = false;
	pair_run(p, 6 * NS_PER_S);
	CHECK_INT(p->node[B].data_count, 1);
}

TEST(wg_allowed_ips_are_checked_on_both_ways)
{
	const uint8_t c[4] = { 10, 0, 0, 3 };
	struct pair *p = pair_of_peers(NULL);
	struct inet_prefix wide = { { AF_INET, { 10, 0, 0, 0 } }, 24 };

	pair_shake(p, A);
	pair_send_to(p, A, c, b_inner, 60);
	pair_deliver(p);
	CHECK_INT(p->node[B].verdicts[WG_DROP_SOURCE], 1);
	struct wg_peer_change change = { .public_key = p->node[A].public_key, .allowed = &wide, .allowed_count = 1 };
	CHECK_INT(wg_set_peer(p->node[B].device, &change, p->now_ns), 0);
	pair_send_to(p, A, c, b_inner, 60);
	pair_deliver(p);
	CHECK_INT(p->node[B].data_count, 2);
	CHECK_INT(pair_send_to(p, B, b_inner, c, 60), WG_SEALED);
}

TEST(wg_close_leaves_only_zeros_and_limits_are_checked)
{
	struct pair *p = pair_of_peers(NULL);
	const struct wg_limits too_many = { .peers = 8193 }, defaults = { 0 };
	struct wg_host host = p->node[A].device->host;
	struct wg_device *d;
	const uint8_t *bytes = p->node[A].arena;

	pair_shake(p, A);
	for (int i = 0; i < 20; i++)
		pair_send(p, A, 1400);
	wg_close(p->node[A].device);
	for (size_t i = 0; i < p->node[A].arena_len; i++)
		CHECK_INT(bytes[i], 0);
	CHECK_INT(wg_arena_len(&too_many), 0);
	CHECK_INT(wg_init(&d, p->node[A].arena, p->node[A].arena_len, &too_many, &host), -EINVAL);
	CHECK_INT(wg_init(&d, p->node[A].arena, p->node[A].arena_len, &defaults, &host), -EINVAL);
	CHECK(wg_arena_len(&defaults) < 8 << 20);
	pair_free(p);
}

TEST(wg_initiations_do_not_cross_for_ever_under_steady_traffic)
{
	struct pair *p = pair_of_peers(NULL);

	/* 50 ms one way, a packet each millisecond both ways: what is sent in a step arrives in the next. */
	for (int i = 0; i < 400 && !(p->node[A].data_count && p->node[B].data_count); i++) {
		size_t a_count = p->node[A].out_count, b_count = p->node[B].out_count;

		while (a_count-- && pair_take(p, A, &held))
			pair_give(p, B, &p->node[A].endpoint, held.bytes, held.len);
		while (b_count-- && pair_take(p, B, &held))
			pair_give(p, A, &p->node[B].endpoint, held.bytes, held.len);
		for (int j = 0; j < 50; j++) {
			pair_send(p, A, 60);
			pair_send(p, B, 60);
			p->now_ns += NS_PER_MS;
			p->node[A].wall.ns = p->node[B].wall.ns = (uint32_t)(p->now_ns % NS_PER_S);
			p->node[A].wall.s = p->node[B].wall.s = (int64_t)(p->now_ns / NS_PER_S);
			wg_poll(p->node[A].device, p->now_ns);
			wg_poll(p->node[B].device, p->now_ns);
		}
	}
	CHECK(p->node[A].data_count > 0);
	CHECK(p->node[B].data_count > 0);
}

/* Who makes up a datagram of ours must guess 32 bits; who quotes an old one learned it long ago. */
TEST(wg_has_sent_knows_the_sessions_last_data_messages)
{
	struct pair *p = pair_of_peers(NULL);
	struct node *a = &p->node[A];
	struct inet_endpoint to, elsewhere;
	uint8_t first[WG_HEADROOM], second[WG_HEADROOM], forged[WG_HEADROOM];

	pair_shake(p, A);
	to = elsewhere = p->node[B].endpoint;
	elsewhere.port++;
	while (pair_take(p, A, &held))
		;
	CHECK_INT(pair_send(p, A, 100), WG_SEALED);
	CHECK(pair_take(p, A, &held));
	memcpy(first, held.bytes, sizeof(first));
	CHECK(wg_has_sent(a->device, &to, held.bytes, held.len));
	CHECK(wg_has_sent(a->device, &to, first, sizeof(first)));
	CHECK(!wg_has_sent(a->device, &to, first, sizeof(first) - 1));
	CHECK(!wg_has_sent(a->device, &elsewhere, first, sizeof(first)));
	for (size_t bit = 0; bit < 8 * 8; bit++) { /* type and index */
		memcpy(forged, first, sizeof(first));
		forged[bit / 8] ^= (uint8_t)(1 << bit % 8);
		CHECK(!wg_has_sent(a->device, &to, forged, sizeof(forged)));
	}
	memcpy(forged, first, sizeof(first));
	store_le64(forged + 8, load_le64(first + 8) + 1); /* not sent yet */
	CHECK(!wg_has_sent(a->device, &to, forged, sizeof(forged)));
	/* The other end never sent it, and its own index is another. */
	CHECK(!wg_has_sent(p->node[B].device, &a->endpoint, first, sizeof(first)));
	/* A session replaced is still in flight, the one before that is not. */
	pair_run(p, 121 * NS_PER_S);
	pair_shake(p, A);
	CHECK(wg_has_sent(a->device, &to, first, sizeof(first)));
	CHECK_INT(pair_send(p, A, 100), WG_SEALED);
	CHECK(pair_take(p, A, &held));
	memcpy(second, held.bytes, sizeof(second));
	CHECK(memcmp(first + 4, second + 4, 4) != 0);
	CHECK(wg_has_sent(a->device, &to, second, sizeof(second)));
	pair_current(p, A)->send_counter += WG_SENT_RECENT - 1;
	CHECK(wg_has_sent(a->device, &to, second, sizeof(second)));
	pair_current(p, A)->send_counter++;
	CHECK(!wg_has_sent(a->device, &to, second, sizeof(second)));
	CHECK_INT(wg_remove_peer(a->device, p->node[B].public_key), 0);
	CHECK(!wg_has_sent(a->device, &to, first, sizeof(first)));
}

/* What is counted of a peer: each cause by itself, the last failure of a handshake, and nothing on the way of good packets. */
#include <string.h>

#include "test.h"
#include "wg_pair.h"

static struct datagram held, other;

static const struct wg_peer_counters *told(struct pair *p, int of)
{
	return wg_peer_counters(p->node[of].device, pair_peer(p, of));
}

static uint64_t drops(struct pair *p, int of)
{
	uint64_t sum = told(p, of)->queue_full + told(p, of)->gave_up;

	for (unsigned i = 0; i < WG_VERDICTS; i++)
		sum += told(p, of)->drops[i];
	for (unsigned i = 0; i < WG_FAILURES; i++)
		sum += told(p, of)->failures[i];
	return sum;
}

TEST(wg_counts_nothing_of_a_peer_that_is_well)
{
	struct pair *p = pair_of_peers(NULL);

	pair_shake(p, A);
	for (unsigned i = 0; i < 50; i++) {
		pair_send(p, (int)(i % 2), 60);
		pair_run(p, 10 * NS_PER_S);
	}
	CHECK_INT(p->node[B].data_count >= 25, 1);
	CHECK_INT(drops(p, A), 0);
	CHECK_INT(drops(p, B), 0);
	CHECK(!told(p, A)->failing && !told(p, B)->failing);
}

TEST(wg_tells_both_sides_of_another_preshared_key)
{
	static const uint8_t psk[WG_KEY_LEN] = { 1 };
	struct pair *p = pair_of_peers(NULL);
	struct wg_peer_change change = { .public_key = p->node[A].public_key, .preshared_key = psk };

	CHECK_INT(wg_set_peer(p->node[B].device, &change, p->now_ns), 0);
	pair_send(p, A, 60);
	pair_run(p, 30 * NS_PER_S);
	CHECK_INT(told(p, A)->failure, WG_FAILURE_PSK);
	CHECK(told(p, A)->failing);
	CHECK(told(p, A)->drops[WG_DROP_TAG] >= 2);
	CHECK_INT(told(p, A)->failures[WG_FAILURE_NO_ANSWER], 0); /* there was one */
	CHECK_INT(told(p, B)->failure, WG_FAILURE_UNUSED);
	/* And once it is mended, what failed is known, and that it is over. */
	change.preshared_key = (const uint8_t[WG_KEY_LEN]){ 0 };
	CHECK_INT(wg_set_peer(p->node[B].device, &change, p->now_ns), 0);
	pair_run(p, 10 * NS_PER_S);
	CHECK_INT(p->node[B].data_count, 1);
	CHECK_INT(told(p, A)->failure, WG_FAILURE_PSK);
	CHECK(!told(p, A)->failing && !told(p, B)->failing);
}

TEST(wg_tells_of_no_answer_and_of_packets_that_waited_in_vain)
{
	struct pair *p = pair_of_peers(NULL);

	p->cut[B] = true;
	pair_send(p, A, 60);
	pair_run(p, 6 * NS_PER_S);
	CHECK_INT(told(p, A)->failure, WG_FAILURE_NO_ANSWER);
	CHECK_INT(told(p, A)->failure_ns > 0, 1);
	pair_run(p, 100 * NS_PER_S);
	CHECK_INT(told(p, A)->failures[WG_FAILURE_NO_ANSWER], 18);
	CHECK_INT(told(p, A)->gave_up, 1);
}

TEST(wg_keeps_a_reason_that_tells_more_than_no_answer)
{
	struct pair *p = pair_of_peers(NULL);
	const struct inet_endpoint *from = &p->node[B].endpoint;

	pair_send(p, B, 60);
	CHECK(pair_take(p, B, &held));
	CHECK_INT(pair_give(p, A, from, held.bytes, held.len), WG_HANDSHAKE);
	CHECK_INT(pair_give(p, A, from, held.bytes, held.len), WG_DROP_AGAIN);
	p->cut[A] = p->cut[B] = true;
	pair_send(p, A, 60);
	pair_run(p, 60 * NS_PER_S);
	CHECK_INT(told(p, A)->failure, WG_FAILURE_REPLAY);
	CHECK(told(p, A)->failures[WG_FAILURE_NO_ANSWER] >= 8);
	pair_run(p, 40 * NS_PER_S);
	CHECK_INT(told(p, A)->failure, WG_FAILURE_NO_ANSWER);
}

TEST(wg_tells_replayed_initiations_from_stamps_from_behind)
{
	struct pair *p = pair_of_peers(NULL);
	const struct inet_endpoint *from = &p->node[A].endpoint;

	pair_send(p, A, 60);
	CHECK(pair_take(p, A, &held));
	CHECK_INT(pair_give(p, B, from, held.bytes, held.len), WG_HANDSHAKE);
	CHECK_INT(pair_give(p, B, from, held.bytes, held.len), WG_DROP_AGAIN);
	CHECK_INT(told(p, B)->failure, WG_FAILURE_REPLAY);
	CHECK_INT(told(p, B)->drops[WG_DROP_AGAIN], 1);
	p->node[A].wall.s += 10;
	pair_peer(p, A)->quiet_until_ns = 0;
	pair_send(p, A, 60);
	CHECK(pair_take(p, A, &other));
	p->now_ns += NS_PER_S;
	CHECK_INT(pair_give(p, B, from, other.bytes, other.len), WG_HANDSHAKE);
	CHECK_INT(pair_give(p, B, from, held.bytes, held.len), WG_DROP_STAMP);
	CHECK_INT(told(p, B)->failure, WG_FAILURE_STAMP);
	CHECK_INT(told(p, B)->drops[WG_DROP_STAMP], 1);
	CHECK_INT(told(p, B)->failure_ns, p->now_ns);
}

TEST(wg_tells_who_is_no_peer_and_from_where)
{
	struct pair *p = pair_new(NULL);
	const struct wg_counters *counters = wg_counters(p->node[B].device);

	CHECK_INT(pair_join(p, A, NULL, true, 0), 0);
	pair_send(p, A, 60);
	CHECK(pair_take(p, A, &held));
	CHECK_INT(pair_give(p, B, &p->node[A].endpoint, held.bytes, held.len), WG_DROP_PEER);
	CHECK_MEM(counters->unknown.public_key, p->node[A].public_key, WG_KEY_LEN);
	CHECK(inet_endpoint_equal(&counters->unknown.from, &p->node[A].endpoint));
	CHECK_INT(counters->unknown.at_ns, p->now_ns);
	held.bytes[50] ^= 1; /* as one for another public key */
	CHECK_INT(pair_give(p, B, &p->node[A].endpoint, held.bytes, held.len), WG_DROP_MAC1);
	CHECK(inet_endpoint_equal(&counters->misled.from, &p->node[A].endpoint));
}

TEST(wg_counts_whose_staged_packets_went)
{
	struct pair *p = pair_of_peers(NULL);

	p->cut[B] = true;
	for (unsigned i = 0; i < WG_STAGED_PER_PEER + 3; i++)
		CHECK_INT(pair_send(p, A, 60), WG_STAGED);
	CHECK_INT(told(p, A)->queue_full, 3);
	CHECK_INT(wg_counters(p->node[A].device)->queue_full, 3);
	CHECK_INT(told(p, A)->gave_up, 0);
}

TEST(wg_counts_data_by_cause)
{
	static const uint8_t wrong[4] = { 10, 9, 9, 9 }, right[4] = { 10, 0, 0, 2 };
	struct pair *p = pair_of_peers(NULL);
	const struct inet_endpoint *from = &p->node[A].endpoint;

	pair_shake(p, A);
	CHECK_INT(pair_send(p, A, 60), WG_SEALED);
	CHECK(pair_take(p, A, &held));
	CHECK_INT(pair_give(p, B, from, held.bytes, held.len), WG_DATA);
	CHECK_INT(pair_give(p, B, from, held.bytes, held.len), WG_DROP_REPLAY);
	held.bytes[20] ^= 1;
	CHECK_INT(pair_give(p, B, from, held.bytes, held.len), WG_DROP_TAG);
	CHECK_INT(pair_send_to(p, A, wrong, right, 60), WG_SEALED);
	CHECK(pair_take(p, A, &held));
	CHECK_INT(pair_give(p, B, from, held.bytes, held.len), WG_DROP_SOURCE);
	CHECK_INT(told(p, B)->drops[WG_DROP_REPLAY], 1);
	CHECK_INT(told(p, B)->drops[WG_DROP_TAG], 1);
	CHECK_INT(told(p, B)->drops[WG_DROP_SOURCE], 1);
	CHECK_INT(drops(p, B), 3);
}

TEST(wg_forgets_what_it_counted_with_the_peer)
{
	struct pair *p = pair_of_peers(NULL);

	p->cut[B] = true;
	pair_send(p, A, 60);
	pair_run(p, 6 * NS_PER_S);
	CHECK(told(p, A)->failing);
	CHECK_INT(wg_remove_peer(p->node[A].device, p->node[B].public_key), 0);
	CHECK_INT(pair_join(p, A, NULL, true, 0), 0);
	CHECK_INT(drops(p, A), 0);
	CHECK(!told(p, A)->failing);
}

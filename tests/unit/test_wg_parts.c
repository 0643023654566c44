/* The parts of wg/ on their own: replay window, indices, rate limit, allowed IPs, timers, staged packets. */
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "test.h"
#include "wg/allowedips.h"
#include "wg/index.h"
#include "wg/keypair.h"
#include "wg/ratelimit.h"
#include "wg/replay.h"
#include "wg/staged.h"
#include "wg/timers.h"

static uint64_t rng = 1;

static uint32_t any(uint32_t below)
{
	rng = rng * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(rng >> 33) % below;
}

static bool take(struct replay *r, uint64_t counter)
{
	if (!replay_is_fresh(r, counter))
		return false;
	replay_mark(r, counter);
	return true;
}

TEST(replay_accepts_each_counter_once)
{
	static struct replay r;

	memset(&r, 0, sizeof(r));
	CHECK(take(&r, 0));
	CHECK(!take(&r, 0));
	CHECK(take(&r, 1));
	CHECK(!take(&r, 1));
	CHECK(take(&r, 9));
	CHECK(take(&r, 8));
	CHECK(take(&r, 7));
	CHECK(!take(&r, 7));
	CHECK(take(&r, REPLAY_WINDOW));
	CHECK(take(&r, REPLAY_WINDOW - 1));
	CHECK(!take(&r, REPLAY_WINDOW - 1));
	CHECK(take(&r, 2));
	CHECK(take(&r, REPLAY_WINDOW + 16));
	CHECK(!take(&r, 3));  /* below the window now */
	CHECK(!take(&r, 15)); /* one below its edge */
	CHECK(take(&r, 16));  /* at its edge */
	CHECK(!take(&r, 16));
	CHECK(take(&r, REPLAY_WINDOW * 4));
	CHECK(!take(&r, REPLAY_WINDOW * 3 - 1));
	CHECK(take(&r, REPLAY_WINDOW * 3));
	CHECK(take(&r, REJECT_AFTER_MESSAGES - 1));
	CHECK(take(&r, REJECT_AFTER_MESSAGES - 2));
	CHECK(!take(&r, REPLAY_WINDOW * 4));
}

TEST(replay_agrees_with_a_list_of_what_was_seen)
{
	static struct replay r;
	static bool seen[200000];
	uint64_t top = 0;
	bool any_seen = false;

	memset(&r, 0, sizeof(r));
	for (int i = 0; i < 150000; i++) {
		uint64_t c = any(10) ? top + any(80) : top + any(9000);
		bool fresh;

		c = c > 60 ? c - 60 : c;
		if (any(4) == 0)
			c = c > 9000 ? c - any(9000) : c;
		if (c >= sizeof(seen))
			break;
		fresh = !seen[c] && (!any_seen || c >= top || top - c <= REPLAY_WINDOW);
		CHECK_INT(take(&r, c), fresh);
		seen[c] = true;
		any_seen = true;
		top = c > top ? c : top;
	}
	CHECK(top > 50000);
}

TEST(index_table_finds_what_is_in_it_and_nothing_else)
{
	static struct index_entry entries[64];
	struct index_table t = { entries, 63 };
	static bool in[256];

	memset(entries, 0, sizeof(entries));
	memset(in, 0, sizeof(in));
	for (int i = 0, count = 0; i < 20000; i++) {
		uint32_t n = any(256); /* four of them share a place */

		if (!in[n] && count < 32) {
			CHECK(index_insert(&t, n, (uint16_t)n, 1));
			in[n] = true;
			count++;
		} else if (in[n]) {
			CHECK(!index_insert(&t, n, 0, 0));
			index_remove(&t, n);
			in[n] = false;
			count--;
		}
		n = any(256);
		CHECK_INT(index_find(&t, n) != NULL, in[n]);
		CHECK(!in[n] || index_find(&t, n)->peer == n);
	}
}

static struct inet_addr v4(uint32_t a)
{
	struct inet_addr addr = { .family = AF_INET };

	store_be32(addr.bytes, a);
	return addr;
}

static bool tries_in_vain(struct ratelimit *limit, const struct inet_addr *source, uint64_t now_ns)
{
	bool may = ratelimit_allows(limit, source, now_ns);

	if (may)
		ratelimit_charge(limit, source, now_ns);
	return may;
}

TEST(rate_limit_is_20_a_second_with_bursts_of_5_per_source)
{
	static struct ratelimit limit;
	struct inet_addr a = v4(0x0a000001), b = v4(0x0a000002);
	struct inet_addr x = { AF_INET6, { 0x20, 1, [8] = 1 } }, y = { AF_INET6, { 0x20, 1, [8] = 2 } };
	struct inet_addr z = { AF_INET6, { 0x20, 2 } };
	uint64_t now_ns = 0;
	int passed = 0;

	memset(&limit, 0, sizeof(limit));
	for (int i = 0; i < 1000; i++)
		CHECK(ratelimit_allows(&limit, &a, now_ns)); /* not in vain */
	for (int i = 0; i < 5; i++)
		CHECK(tries_in_vain(&limit, &a, now_ns));
	CHECK(!tries_in_vain(&limit, &a, now_ns));
	CHECK(tries_in_vain(&limit, &b, now_ns));
	CHECK(!tries_in_vain(&limit, &a, now_ns + 49 * NS_PER_MS));
	CHECK(tries_in_vain(&limit, &a, now_ns + 50 * NS_PER_MS));
	CHECK(!tries_in_vain(&limit, &a, now_ns + 99 * NS_PER_MS));
	now_ns = 100 * NS_PER_S;
	for (int i = 0; i < 10000; i++)
		passed += tries_in_vain(&limit, &a, now_ns + (uint64_t)i * NS_PER_MS);
	CHECK(passed >= 204 && passed <= 205);
	for (int i = 0; i < 5; i++)
		CHECK(tries_in_vain(&limit, i % 2 ? &x : &y, now_ns)); /* one /64 */
	CHECK(!tries_in_vain(&limit, &x, now_ns));
	CHECK(tries_in_vain(&limit, &z, now_ns));
}

TEST(rate_limit_table_full_refuses_and_recovers)
{
	static struct ratelimit limit;
	unsigned allowed = 0;

	memset(&limit, 0, sizeof(limit));
	for (uint32_t i = 0; i < 100000; i++) {
		struct inet_addr a = v4(i);

		allowed += tries_in_vain(&limit, &a, 0);
	}
	CHECK_INT(allowed, RATELIMIT_SETS * RATELIMIT_WAYS);
	struct inet_addr late = v4(99999);
	CHECK(!tries_in_vain(&limit, &late, 0));
	CHECK(tries_in_vain(&limit, &late, NS_PER_S));
}

/* The naive model: a list of prefixes. */
enum { MODEL_MAX = 400, MODEL_PEERS = 16 };

static struct {
	struct inet_prefix prefix;
	uint16_t peer;
} model[MODEL_MAX];
static size_t model_count;

static uint16_t model_find(const struct inet_addr *addr)
{
	uint16_t best = ALLOWED_NONE;
	int len = -1;

	for (size_t i = 0; i < model_count; i++)
		if (inet_contains(&model[i].prefix, addr) && model[i].prefix.len > len) {
			len = model[i].prefix.len;
			best = model[i].peer;
		}
	return best;
}

static void model_remove_peer(uint16_t peer)
{
	for (size_t i = 0; i < model_count;)
		if (model[i].peer == peer)
			model[i] = model[--model_count];
		else
			i++;
}

static void model_insert(const struct inet_prefix *p, uint16_t peer)
{
	struct inet_prefix cut = { inet_prefix_first(p), p->len };
	size_t i = 0;

	while (i < model_count && !inet_prefix_equal(&model[i].prefix, &cut))
		i++;
	model[i].prefix = cut;
	model[i].peer = peer;
	if (i == model_count)
		model_count++;
}

/* Few distinct bits, so that prefixes meet. */
static struct inet_addr random_addr(bool is_ipv6)
{
	struct inet_addr a = { .family = is_ipv6 ? AF_INET6 : AF_INET };

	for (size_t i = 0; i < inet_size(a.family); i++)
		if (any(3) == 0)
			a.bytes[i] = (uint8_t)(any(4) << any(7));
	return a;
}

TEST(allowed_ips_agree_with_a_naive_model)
{
	static struct allowed_node nodes[2 * MODEL_MAX];
	static struct allowed_list lists[MODEL_PEERS];
	static struct allowedips a;

	model_count = 0;
	allowedips_init(&a, nodes, lists, MODEL_MAX);
	for (uint16_t i = 0; i < MODEL_PEERS; i++)
		allowedips_add_peer(&a, i);
	for (int i = 0; i < 5000; i++) {
		bool is_ipv6 = any(2);
		struct inet_prefix p = { random_addr(is_ipv6), (uint8_t)any(is_ipv6 ? 129 : 33) };
		uint16_t peer = (uint16_t)any(MODEL_PEERS);
		size_t needed = allowedips_needed(&a, peer, false, &p, 1), before = a.prefix_count;

		if (any(60) == 0) {
			allowedips_remove_peer(&a, peer);
			model_remove_peer(peer);
		} else if (before + needed <= MODEL_MAX) {
			allowedips_insert(&a, &p, peer);
			model_insert(&p, peer);
			CHECK_INT(a.prefix_count, before + needed);
		}
		CHECK_INT(a.prefix_count, model_count);
		for (int j = 0; j < 8; j++) {
			struct inet_addr addr = random_addr(any(2));

			CHECK_INT(allowedips_find(&a, addr.family == AF_INET6, addr.bytes), model_find(&addr));
		}
	}
	for (uint16_t i = 0; i < MODEL_PEERS; i++) {
		uint16_t node = ALLOWED_NONE;
		struct inet_prefix p;
		size_t count = 0;

		while (allowedips_next(&a, i, &node, &p)) {
			bool known = false;

			count++;
			for (size_t j = 0; j < model_count; j++)
				known |= model[j].peer == i && inet_prefix_equal(&model[j].prefix, &p);
			CHECK(known);
		}
		CHECK_INT(count, lists[i].count);
		allowedips_remove_peer(&a, i);
	}
	CHECK_INT(a.prefix_count, 0);
	CHECK_INT(a.root[0], ALLOWED_NONE);
	CHECK_INT(a.root[1], ALLOWED_NONE);
}

TEST(timers_come_up_in_order_whatever_was_put_off)
{
	enum { PEERS = 50 };
	static struct peer_timers peers[PEERS];
	static uint16_t heap[PEERS];
	struct timers t = { peers, heap, 0 };
	uint64_t now_ns = 1;

	for (uint16_t i = 0; i < PEERS; i++)
		timers_add_peer(&t, i);
	for (int i = 0; i < 20000; i++) {
		uint64_t earliest_ns = UINT64_MAX;
		uint16_t peer = (uint16_t)any(PEERS);
		enum timer timer = (enum timer)any(TIMERS);

		if (any(3))
			timer_set(&t, peer, timer, now_ns + any(1000));
		else if (any(10))
			timer_clear(&t, peer, timer);
		else
			timers_remove_peer(&t, peer);
		for (uint16_t j = 0; j < PEERS; j++)
			for (unsigned k = 0; k < TIMERS; k++)
				if (peers[j].due_ns[k] < earliest_ns)
					earliest_ns = peers[j].due_ns[k];
		CHECK(timers_next(&t) == earliest_ns);
		if (any(2) == 0)
			now_ns += any(60);
		while (timers_take(&t, now_ns, &peer, &timer))
			CHECK(peers[peer].due_ns[timer] == UINT64_MAX);
		for (uint16_t j = 0; j < PEERS; j++)
			for (unsigned k = 0; k < TIMERS; k++)
				CHECK(peers[j].due_ns[k] > now_ns);
	}
}

TEST(staged_packets_leave_in_order_and_the_oldest_makes_room)
{
	enum { SLOTS = 200, PEERS = 3 };
	static struct staged_slot slots[SLOTS];
	static struct staged_queue queues[PEERS];
	static uint8_t bytes[SLOTS * 64];
	struct staged s = { .slots = slots, .queues = queues, .bytes = bytes, .stride = 64, .packet_len_max = 4,
			    .slot_count = SLOTS, .free = STAGED_NONE, .oldest = STAGED_NONE, .newest = STAGED_NONE };
	uint8_t packet[4], *got;
	unsigned dropped = 0;
	size_t len;

	for (uint16_t i = 0; i < PEERS; i++)
		staged_add_peer(&s, i);
	for (uint32_t i = 0; i < 150; i++) { /* one peer's queue is 128 */
		store_be32(packet, i);
		dropped += staged_push(&s, 0, packet, 4) != STAGED_NONE;
	}
	CHECK_INT(dropped, 22);
	CHECK_INT(queues[0].count, 128);
	for (uint32_t i = 0; i < 100; i++) { /* and then the pool is full: the first peer's are the oldest */
		store_be32(packet, 1000 + i);
		dropped += staged_push(&s, 1, packet, 4) != STAGED_NONE;
	}
	CHECK_INT(dropped, 22 + 28);
	CHECK_INT(queues[0].count, 100);
	CHECK_INT(queues[1].count, 100);
	for (uint32_t i = 0; i < 100; i++) {
		got = staged_pop(&s, 0, &len);
		CHECK(got && len == 4);
		CHECK_INT(load_be32(got), 50 + i);
		if (i % 2)
			continue;
		got = staged_pop(&s, 1, &len);
		CHECK(got != NULL);
		CHECK_INT(load_be32(got), 1000 + i / 2);
	}
	CHECK(!staged_pop(&s, 0, &len));
	CHECK_INT(staged_purge(&s, 1), 50);
	CHECK_INT(s.oldest, STAGED_NONE);
	CHECK_INT(s.newest, STAGED_NONE);
	for (uint32_t i = 0; i < 128; i++)
		CHECK_INT(staged_push(&s, 2, packet, 0), STAGED_NONE);
}

TEST(keypairs_move_as_the_kernels_do_once_they_are_confirmed)
{
	static struct index_entry entries[64];
	static struct keypairs k;
	struct index_table t = { entries, 63 };
	struct keypair *p;

	memset(entries, 0, sizeof(entries));
	memset(&k, 0, sizeof(k));
	keypairs_init(&k);
	CHECK(!keypairs_sender(&k, 0));
	for (uint32_t i = 1; i <= 3; i++) { /* initiator: current, previous */
		index_insert(&t, i, 0, INDEX_HANDSHAKE);
		p = keypairs_add(&k, &t, true, i);
		p->local_index = i;
		CHECK(keypairs_sender(&k, i) == p);
	}
	CHECK_INT(k.slots[k.current].local_index, 3);
	CHECK_INT(k.slots[k.previous].local_index, 2);
	CHECK(!index_find(&t, 1));
	index_insert(&t, 4, 0, INDEX_HANDSHAKE);
	keypairs_add(&k, &t, false, 4)->local_index = 4; /* responder: next, and no one goes for it */
	CHECK_INT(k.slots[k.next].local_index, 4);
	CHECK_INT(k.slots[k.current].local_index, 3);
	CHECK_INT(k.slots[k.previous].local_index, 2);
	index_insert(&t, 5, 0, INDEX_HANDSHAKE);
	keypairs_add(&k, &t, false, 5)->local_index = 5; /* but another next */
	CHECK_INT(k.slots[k.next].local_index, 5);
	CHECK(!index_find(&t, 4));
	CHECK_INT(k.slots[k.previous].local_index, 2);
	index_insert(&t, 6, 0, INDEX_HANDSHAKE);
	keypairs_add(&k, &t, true, 6)->local_index = 6; /* initiator over an unconfirmed next */
	CHECK_INT(k.slots[k.current].local_index, 6);
	CHECK_INT(k.slots[k.previous].local_index, 3);
	CHECK_INT(k.slots[k.next].local_index, 5);
	CHECK(!index_find(&t, 2));
	keypairs_confirm(&k, &t, true); /* late: current is younger */
	CHECK_INT(k.slots[k.current].local_index, 6);
	CHECK_INT(k.slots[k.previous].local_index, 5);
	CHECK_INT(k.next, KEYPAIR_NONE);
	for (int yields = 0; yields < 2; yields++) { /* both answered, and no one knows whose is younger */
		uint32_t answered = yields ? 9 : 7;

		index_insert(&t, answered, 0, INDEX_HANDSHAKE);
		keypairs_add(&k, &t, false, 7)->local_index = answered;
		k.next_crossed = true;
		index_insert(&t, answered + 1, 0, INDEX_HANDSHAKE);
		keypairs_add(&k, &t, true, 7)->local_index = answered + 1;
		keypairs_confirm(&k, &t, yields);
		CHECK_INT(k.slots[k.current].local_index, answered + !yields);
		CHECK_INT(k.slots[k.previous].local_index, answered + (unsigned)yields);
	}
	index_insert(&t, 11, 0, INDEX_HANDSHAKE);
	keypairs_add(&k, &t, false, 6)->local_index = 11;
	keypairs_confirm(&k, &t, false);
	CHECK_INT(k.slots[k.current].local_index, 11);
	CHECK_INT(k.slots[k.previous].local_index, 9);
	CHECK(!keypairs_sender(&k, 6 + REJECT_AFTER_TIME_S * NS_PER_S));
	k.slots[k.current].send_counter = REJECT_AFTER_MESSAGES;
	CHECK(!keypairs_sender(&k, 7));
	keypairs_clear(&k, &t);
	for (size_t i = 0; i < 64; i++)
		CHECK(!entries[i].used);
}

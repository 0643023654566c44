/* The load guard: what fills it, how long it stands, who gets through it; by itself and in a device, under a fake clock. */
#include <string.h>

#include "base/bytes.h"
#include "crypto/x25519.h"
#include "test.h"
#include "wg/load.h"
#include "wg_pair.h"

enum { MAY_COST_MS = 150 };

static struct load load;

static void load_fresh(void)
{
	load_open(&load, MAY_COST_MS * NS_PER_MS);
}

TEST(load_is_what_comes_to_nothing_whatever_it_costs)
{
	uint64_t now_ns = 5 * NS_PER_S;

	load_fresh();
	for (int i = 0; i < 100000; i++) /* a thousand seconds' budget of handshakes that prove themselves */
		load_served(&load, NS_PER_MS, false, now_ns);
	CHECK(!load_is_high(&load, now_ns) && !load_rest_ns(&load, now_ns));
	for (int i = 0; i < 20; i++)
		load_served(&load, NS_PER_MS, true, now_ns);
	CHECK(!load_is_high(&load, now_ns));
	load_served(&load, NS_PER_MS, true, now_ns);
	CHECK(load_is_high(&load, now_ns));
	CHECK(load_is_high(&load, now_ns + 999 * NS_PER_MS));
	CHECK(!load_is_high(&load, now_ns + NS_PER_S));
	/* X25519 that is ten times faster: ten times as many. */
	load_fresh();
	for (int i = 0; i < 200; i++)
		load_served(&load, NS_PER_MS / 10, true, now_ns);
	CHECK(!load_is_high(&load, now_ns));
	load_served(&load, NS_PER_MS / 10, true, now_ns);
	CHECK(load_is_high(&load, now_ns));
	now_ns += 10 * NS_PER_S;
	load_fresh();
	for (int i = 0; i < 10000; i++) { /* 490 a second are within a third of the budget */
		now_ns += NS_PER_S / 490;
		load_served(&load, NS_PER_MS / 10, true, now_ns);
		CHECK(!load_is_high(&load, now_ns));
	}
}

/* refused per second for 10 s, from load on: how much of that time there was load. */
static unsigned high_ms(unsigned per_s)
{
	uint64_t begin_ns = 5 * NS_PER_S;
	unsigned high = 0;

	load_fresh();
	for (int i = 0; i < 30; i++)
		load_served(&load, NS_PER_MS, true, begin_ns);
	for (uint64_t i = 0; i < (uint64_t)10 * per_s; i++)
		load_refused(&load, begin_ns + i * NS_PER_S / per_s);
	for (uint64_t ms = 0; ms < 1000; ms++)
		high += load_is_high(&load, begin_ns + 10 * NS_PER_S + ms * NS_PER_MS);
	return high;
}

TEST(load_lasts_while_refusals_do_and_few_do_not_keep_it_up)
{
	CHECK(high_ms(20000) > 990);
	CHECK(high_ms(60) > 900);  /* at the 1 ms that one costs, they would take more than a third of the budget */
	CHECK_INT(high_ms(40), 0);
	CHECK_INT(high_ms(1), 0);
}

TEST(load_takes_no_more_time_than_it_may)
{
	uint64_t now_ns = 5 * NS_PER_S, glances = 0, cookies = 0, read = 0;

	load_fresh();
	for (uint64_t us = 0; us < 10 * (uint64_t)1000000; us += 5) { /* 200,000 a second */
		now_ns += 5000;
		if (load_rest_ns(&load, now_ns))
			continue;
		read++;
		load_refused(&load, now_ns);
		cookies += load_may_send_cookie(&load, now_ns);
		load_glanced(&load, now_ns);
		glances++;
	}
	CHECK_INT(read, glances);
	CHECK(glances * LOAD_GLANCE_NS + cookies * LOAD_COOKIE_NS <= (uint64_t)(10 * MAY_COST_MS + 20) * NS_PER_MS);
	CHECK(glances * LOAD_GLANCE_NS + cookies * LOAD_COOKIE_NS >= (uint64_t)(10 * MAY_COST_MS - 50) * NS_PER_MS);
	CHECK(cookies * LOAD_COOKIE_NS <= (uint64_t)(10 * MAY_COST_MS * 2 / 3 + 21) * NS_PER_MS);
	CHECK(cookies > 200000);
	/* When it rests, it does so for some time, and not for long. */
	load_fresh();
	for (int i = 0; i < 6; i++)
		load_served(&load, NS_PER_MS, true, now_ns);
	CHECK(load_rest_ns(&load, now_ns) > 10 * NS_PER_MS && load_rest_ns(&load, now_ns) < 100 * NS_PER_MS);
	CHECK(!load_is_full(&load, now_ns));
	CHECK_INT(load_rest_ns(&load, now_ns + load_rest_ns(&load, now_ns)), 0);
	for (int i = 0; i < 1000; i++)
		load_served(&load, NS_PER_MS, true, now_ns);
	CHECK(load_is_full(&load, now_ns));
	CHECK_INT(load_rest_ns(&load, now_ns + 300 * NS_PER_MS), 0); /* no debt is longer than that */
}

static struct datagram held, other;

/* As cheap for a stranger as it gets: good mac1, bad inside. */
static void hold_a_forged_initiation(struct pair *p)
{
	CHECK_INT(pair_send(p, A, 60), WG_STAGED);
	CHECK(pair_take(p, A, &held));
	held.bytes[40] ^= 1;
	cookie_write_macs(&pair_peer(p, A)->jar, held.bytes, held.len, p->now_ns);
}

TEST(wg_initiations_in_vain_are_load_and_a_source_is_limited)
{
	struct pair *p = pair_of_peers(NULL);
	struct wg_device *b = p->node[B].device;
	int passed = 0;

	hold_a_forged_initiation(p);
	for (int i = 0; i < 1000; i++, p->now_ns += NS_PER_S / 95)
		CHECK_INT(pair_give(p, B, &p->node[A].endpoint, held.bytes, held.len), WG_DROP_TAG);
	CHECK(!wg_under_load(b, p->now_ns));
	for (int i = 0; i < 200 && !wg_under_load(b, p->now_ns); i++, p->now_ns += wg_rest_ns(b, p->now_ns))
		CHECK_INT(pair_give(p, B, &p->node[A].endpoint, held.bytes, held.len), WG_DROP_TAG);
	CHECK(wg_under_load(b, p->now_ns));
	CHECK_INT(pair_give(p, B, &p->node[A].endpoint, held.bytes, held.len), WG_DROP_COOKIE);
	pair_deliver(p); /* the cookie */
	CHECK(pair_peer(p, A)->jar.has_cookie);
	cookie_write_macs(&pair_peer(p, A)->jar, held.bytes, held.len, p->now_ns);
	for (int i = 0; i < 20; i++)
		passed += pair_give(p, B, &p->node[A].endpoint, held.bytes, held.len) == WG_DROP_TAG;
	CHECK_INT(passed, 5);
	CHECK_INT(p->node[B].verdicts[WG_DROP_RATE], 15);
	other.to = p->node[A].endpoint; /* the cookie is bound to the address */
	other.to.port++;
	CHECK_INT(pair_give(p, B, &other.to, held.bytes, held.len), WG_DROP_COOKIE);
	pair_run(p, 3 * NS_PER_S);
	CHECK(!wg_under_load(b, p->now_ns));
}

TEST(wg_flood_gets_so_many_cookies_and_then_no_glance)
{
	struct pair *p = pair_of_peers(NULL);
	struct inet_endpoint from = p->node[A].endpoint;
	struct wg_device *b = p->node[B].device;
	uint64_t cookies, begin_ns;

	hold_a_forged_initiation(p);
	b->guard.load.until_ns = p->now_ns + NS_PER_S;
	begin_ns = p->now_ns;
	for (unsigned i = 0; i < 200000; i++, p->now_ns += 25000) { /* 40,000 a second for 5 s, each from elsewhere */
		memcpy(from.addr.bytes, &i, sizeof(i));
		(void)pair_give(p, B, &from, held.bytes, held.len);
		CHECK(wg_under_load(b, p->now_ns));
	}
	cookies = wg_counters(b)->cookies_sent;
	CHECK_INT(cookies, p->node[B].verdicts[WG_DROP_COOKIE]);
	CHECK_INT(p->node[B].verdicts[WG_DROP_COOKIE] + p->node[B].verdicts[WG_DROP_BUSY], 200000);
	CHECK(cookies > 10000 && cookies * LOAD_COOKIE_NS < (p->now_ns - begin_ns) / 1000 * WG_HANDSHAKE_BUDGET_MS / 3 * 2 + 21 * NS_PER_MS);
	/* The cookies are for who comes back with them, and the sessions that there are do not notice. */
	p->now_ns += 2 * NS_PER_S;
	CHECK(!wg_under_load(b, p->now_ns));
}

enum { BEHIND_ONE = 300 };

/* One of them, with its own port of the one address. */
struct caller {
	struct noise_identity identity;
	struct noise_remote remote;
	struct cookie_jar jar;
	struct message_initiation m;
	struct inet_endpoint from;
};

static void call(struct pair *p, struct caller *c, unsigned n)
{
	uint8_t stamp[WG_STAMP_LEN] = { 1 };
	struct noise_ephemeral e = { .private_key = { [1] = (uint8_t)n, [2] = (uint8_t)(n >> 8), [3] = 9 } };
	struct noise_handshake h;

	store_be32(stamp + 4, (uint32_t)(p->now_ns / NS_PER_S));
	noise_make_ephemeral(&e);
	CHECK(noise_write_initiation(&h, &c->m, &e, &c->identity, &c->remote, stamp));
	store_le32(c->m.sender, n);
	cookie_write_macs(&c->jar, (uint8_t *)&c->m, sizeof(c->m), p->now_ns);
}

static enum wg_verdict calls(struct pair *p, const struct caller *c)
{
	return pair_give(p, B, &c->from, (const uint8_t *)&c->m, sizeof(c->m));
}

TEST(wg_many_peers_behind_one_address_come_back_at_once)
{
	static const struct wg_limits limits = { .peers = BEHIND_ONE, .prefixes = 64, .staged = 256, .packet_len_max = 1500 };
	static struct caller callers[BEHIND_ONE];
	struct pair *p = pair_new(&limits);
	struct wg_device *b = p->node[B].device;
	unsigned in_vain = 0;

	memset(callers, 0, sizeof(callers));
	for (unsigned n = 0; n < BEHIND_ONE; n++) {
		struct caller *c = &callers[n];

		c->identity = (struct noise_identity){ .private_key = { [1] = (uint8_t)n, [2] = (uint8_t)(n >> 8) }, .known = true };
		x25519_clamp(c->identity.private_key);
		x25519_public(c->identity.public_key, c->identity.private_key);
		memcpy(c->remote.public_key, p->node[B].public_key, WG_KEY_LEN);
		noise_precompute(&c->remote, &c->identity);
		cookie_jar_set_key(&c->jar, p->node[B].public_key);
		c->from = (struct inet_endpoint){ .addr = { AF_INET, { 198, 51, 100, 1 } }, .port = (uint16_t)(5000 + n) };
		CHECK_INT(wg_set_peer(b, &(const struct wg_peer_change){ .public_key = c->identity.public_key }, p->now_ns), 0);
	}
	/* No load comes of them. */
	for (unsigned n = 0; n < BEHIND_ONE; n++) {
		call(p, &callers[n], n);
		CHECK_INT(calls(p, &callers[n]), WG_HANDSHAKE);
		CHECK(pair_take(p, B, &held));
	}
	CHECK(!wg_under_load(b, p->now_ns));
	/* Nor are they kept off by load that others make: one more attempt each, with its cookie. */
	b->guard.load.until_ns = WG_NEVER;
	p->now_ns += 60 * NS_PER_S;
	for (unsigned n = 0; n < BEHIND_ONE; n++) {
		call(p, &callers[n], n);
		CHECK_INT(calls(p, &callers[n]), WG_DROP_COOKIE);
		CHECK(pair_take(p, B, &held));
		CHECK(cookie_read(&callers[n].jar, (const struct message_cookie *)held.bytes, p->now_ns));
	}
	p->now_ns += 5 * NS_PER_S;
	for (unsigned n = 0; n < BEHIND_ONE; n++) {
		call(p, &callers[n], n);
		CHECK_INT(calls(p, &callers[n]), WG_HANDSHAKE);
		CHECK(pair_take(p, B, &held));
	}
	/* Who sends the same once more, or anything else, pays for all of them, as with the kernel. */
	while (calls(p, &callers[in_vain]) == WG_DROP_AGAIN)
		in_vain++;
	CHECK_INT(in_vain, RATELIMIT_BURST);
	CHECK_INT(calls(p, &callers[in_vain]), WG_DROP_RATE);
}

/* Ephemeral keys that were made before a handshake asks for one. */
#include <stdlib.h>
#include <string.h>

#include "test.h"
#include "wg/ephemeral.h"
#include "wg_pair.h"

/* A's next message that is no other than of this type. */
static struct datagram *next_of(struct pair *p, uint8_t type)
{
	static struct datagram d;

	while (pair_take(p, A, &d))
		if (d.bytes[0] == type)
			return &d;
	abort();
}

/* A's next handshake, up to the first packet under it, which B has not got yet. */
static void begin_another(struct pair *p)
{
	static struct datagram initiation, response;

	p->now_ns += 10 * NS_PER_S;
	p->node[A].wall.s += 10;
	p->node[B].wall.s += 10;
	pair_current(p, A)->can_send = false;
	pair_send(p, A, 60);
	initiation = *next_of(p, MESSAGE_INITIATION);
	pair_give(p, B, &p->node[A].endpoint, initiation.bytes, initiation.len);
	if (!pair_take(p, B, &response))
		abort();
	pair_give(p, A, &p->node[B].endpoint, response.bytes, response.len);
}

TEST(wg_prepared_key_is_used_once_and_leaves_nothing)
{
	static const uint8_t zero[sizeof(struct ephemerals)];
	struct pair *p = pair_of_peers(NULL);
	struct ephemerals *ready = &p->node[A].device->ephemerals;
	struct noise_ephemeral key;

	wg_prepare(p->node[A].device, p->now_ns);
	wg_prepare(p->node[A].device, p->now_ns);
	CHECK_INT(ready->count, EPHEMERALS);
	key = ready->ready[EPHEMERALS - 1].key;
	CHECK(memcmp(&key, &ready->ready[0].key, sizeof(key)) != 0);
	pair_send(p, A, 60);
	CHECK_INT(ready->count, EPHEMERALS - 1);
	CHECK_MEM(next_of(p, MESSAGE_INITIATION)->bytes + offsetof(struct message_initiation, ephemeral), key.public_key, KEY_LEN);
	CHECK_MEM(&ready->ready[EPHEMERALS - 1], zero, sizeof(ready->ready[0]));
	wg_prepare(p->node[A].device, p->now_ns);
	CHECK_INT(ready->count, EPHEMERALS);
	CHECK(memcmp(&key, &ready->ready[EPHEMERALS - 1].key, sizeof(key)) != 0);
	wg_set_up(p->node[A].device, false, p->now_ns);
	CHECK_MEM(ready, zero, sizeof(*ready));
	wg_prepare(p->node[A].device, p->now_ns);
	CHECK_INT(ready->count, 0);
}

TEST(wg_prepared_keys_make_sessions_and_are_made_as_they_run_out)
{
	struct pair *p = pair_of_peers(NULL);

	for (unsigned i = 0; i < 2; i++)
		wg_prepare(p->node[i].device, p->now_ns);
	pair_shake(p, A);
	CHECK_INT(p->node[B].data_count, 1);
	CHECK_INT(p->node[A].device->ephemerals.count, EPHEMERALS - 1);
	CHECK_INT(p->node[B].device->ephemerals.count, EPHEMERALS - 1);
	for (unsigned i = 0; i < EPHEMERALS + 2; i++) /* more than there are */
		begin_another(p);
	CHECK_INT(p->node[A].device->ephemerals.count, 0);
	pair_deliver(p);
	CHECK(pair_current(p, B) && pair_current(p, A)->local_index == pair_current(p, B)->remote_index);
}

TEST(wg_prepared_key_is_thrown_away_when_old)
{
	static const uint8_t zero[sizeof(struct ephemerals)];
	struct pair *p = pair_of_peers(NULL);
	struct wg_device *d = p->node[A].device;
	const uint64_t age_ns = EPHEMERAL_MAX_AGE_S * NS_PER_S;

	CHECK_INT(wg_next_due(d), WG_NEVER);
	wg_prepare(d, p->now_ns);
	CHECK_INT(wg_next_due(d), p->now_ns + age_ns);
	wg_poll(d, p->now_ns + age_ns - 1);
	CHECK_INT(d->ephemerals.count, EPHEMERALS);
	wg_poll(d, p->now_ns + age_ns);
	CHECK_MEM(&d->ephemerals, zero, sizeof(d->ephemerals));
	CHECK_INT(wg_next_due(d), WG_NEVER);
	/* not used either where no one polled */
	wg_prepare(d, p->now_ns);
	p->now_ns += age_ns;
	pair_send(p, A, 60);
	CHECK_INT(d->ephemerals.count, 0);
	p->node[A].random_fails = true;
	wg_prepare(d, p->now_ns);
	CHECK_INT(d->ephemerals.count, 0);
}

/* Many packets at once: each is judged as if it had come alone. The same ones are given to one device twice, one by one and at
 * once, and what it says, sends and is afterwards must be the same byte by byte. */
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "crypto/aead.h"
#include "test.h"
#include "wg_pair.h"

enum { MANY = 150 };

static struct datagram given[MANY];
static size_t given_count;
static uint8_t rooms[2][MANY][DATAGRAM_MAX];
static struct wg_packet packets[2][MANY];

/* All of a node that changes. */
struct snapshot {
	uint8_t arena[1 << 20];
	struct node node;
};

static struct snapshot before, after;

static void snapshot_take(struct snapshot *s, const struct node *n)
{
	if (n->arena_len > sizeof(s->arena))
		abort();
	memcpy(s->arena, n->arena, n->arena_len);
	s->node = *n;
}

static void snapshot_restore(const struct snapshot *s, struct node *n)
{
	memcpy(n->arena, s->arena, n->arena_len);
	*n = s->node;
}

static bool is_as(const struct snapshot *s, const struct node *n)
{
	return !memcmp(s->arena, n->arena, n->arena_len) && s->node.out_count == n->out_count &&
	       !memcmp(s->node.out, n->out, n->out_count * sizeof(n->out[0])) &&
	       !memcmp(s->node.events, n->events, sizeof(n->events)) && s->node.seed == n->seed;
}

static bool same_verdict(const struct wg_packet *x, const struct wg_packet *y)
{
	return x->verdict == y->verdict && x->view.len == y->view.len && x->view.peer == y->view.peer &&
	       x->view.ds == y->view.ds && (!x->view.len || !memcmp(x->view.bytes, y->view.bytes, x->view.len));
}

/* What is given, into node `to`, one by one and at once. False: something came out otherwise. */
static bool same_either_way(struct pair *p, int to)
{
	const struct inet_flow flow = { .remote = p->node[!to].endpoint };
	struct node *n = &p->node[to];

	for (unsigned way = 0; way < 2; way++)
		for (size_t i = 0; i < given_count; i++) {
			memcpy(rooms[way][i], given[i].bytes, given[i].len);
			packets[way][i] = (struct wg_packet){ .bytes = rooms[way][i], .len = given[i].len };
		}
	snapshot_take(&before, n);
	for (size_t i = 0; i < given_count; i++) {
		struct wg_packet *one = &packets[0][i];

		one->verdict = wg_input(n->device, &flow, 0, one->bytes, one->len, p->now_ns, &one->view);
	}
	snapshot_take(&after, n);
	snapshot_restore(&before, n);
	wg_input_many(n->device, &flow, 0, packets[1], given_count, p->now_ns);
	for (size_t i = 0; i < given_count; i++)
		if (!same_verdict(&packets[0][i], &packets[1][i]))
			return false;
	return is_as(&after, n);
}

static void give(const struct datagram *d)
{
	if (given_count < MANY)
		given[given_count++] = *d;
}

/* A's next message that is no other than of this type. */
static struct datagram *next_of(struct pair *p, uint8_t type)
{
	static struct datagram d;

	while (pair_take(p, A, &d))
		if (d.bytes[0] == type)
			return &d;
	abort();
}

static struct datagram *data_of(struct pair *p, size_t len)
{
	pair_send(p, A, len);
	return next_of(p, MESSAGE_DATA);
}

static unsigned count_verdicts(enum wg_verdict verdict)
{
	unsigned count = 0;

	for (size_t i = 0; i < given_count; i++)
		count += packets[1][i].verdict == verdict;
	return count;
}

/* Takes the place of A's sealing: whatever is inside, the tag is right. */
static struct datagram *sealed_raw(struct pair *p, const uint8_t *plain, size_t len)
{
	static struct datagram d;
	struct keypair *k = pair_current(p, A);
	uint64_t counter = k->send_counter++;

	store_le32(d.bytes, MESSAGE_DATA);
	store_le32(d.bytes + 4, k->remote_index);
	store_le64(d.bytes + 8, counter);
	aead_seal(d.bytes + 16, plain, len, NULL, 0, counter, k->send_key);
	d.len = 32 + len;
	return &d;
}

TEST(wg_many_are_judged_as_if_each_came_alone)
{
	static const uint8_t of_another[32] = { 0x45, 0, 0, 20, [12] = 10, 0, 0, 3, 10, 0, 0, 2 }, nothing[16];
	struct pair *p = pair_of_peers(NULL);

	pair_shake(p, A);
	given_count = 0;
	for (size_t i = 0; i < 100; i++) {
		give(data_of(p, i % 3 ? 1420 : 20 + 10 * i));
		switch (i % 12) {
		case 1:
			given[given_count - 1].bytes[given[given_count - 1].len - 1] ^= 1;
			break;
		case 3:
			given[given_count - 1].bytes[40] ^= 1;
			break;
		case 5:
			give(&given[given_count - 2]); /* once more */
			break;
		case 6:
			given[given_count - 1].bytes[5] ^= 1; /* the index */
			break;
		case 7:
			given[given_count - 1].len = 20;
			break;
		case 8:
			give(sealed_raw(p, of_another, sizeof(of_another)));
			break;
		case 9:
			give(sealed_raw(p, nothing, 0));
			break;
		case 10:
			give(sealed_raw(p, nothing, sizeof(nothing)));
			break;
		default:
			break;
		}
	}
	CHECK(same_either_way(p, B));
	CHECK(count_verdicts(WG_DATA) >= 50);
	CHECK_INT(count_verdicts(WG_DROP_TAG), 18);
	CHECK_INT(count_verdicts(WG_DROP_INDEX), 8);
	CHECK_INT(count_verdicts(WG_DROP_REPLAY), 8);
	CHECK_INT(count_verdicts(WG_DROP_LENGTH), 8);
	CHECK_INT(count_verdicts(WG_DROP_SOURCE), 8);
	CHECK_INT(count_verdicts(WG_KEEPALIVE), 8);
	CHECK_INT(count_verdicts(WG_DROP_INNER), 8);
	wg_set_up(p->node[B].device, false, p->now_ns);
	CHECK(same_either_way(p, B));
	CHECK_INT(count_verdicts(WG_DROP_DOWN), (long long)given_count);
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

TEST(wg_sessions_change_between_two_of_many_as_ever)
{
	static struct datagram oldest[2], old[3];
	struct pair *p = pair_of_peers(NULL);

	pair_shake(p, A);
	for (unsigned i = 0; i < 2; i++)
		oldest[i] = *data_of(p, 100);
	begin_another(p);
	pair_deliver(p);
	for (unsigned i = 0; i < 3; i++)
		old[i] = *data_of(p, 200);
	begin_another(p);
	given_count = 0;
	give(&oldest[0]);
	give(&old[0]);
	give(next_of(p, MESSAGE_DATA)); /* the first under the new session: the oldest one is over with it */
	give(&oldest[1]);
	give(&old[1]);
	give(data_of(p, 300));
	CHECK(same_either_way(p, B));
	CHECK_INT(packets[1][0].verdict, WG_DATA);
	CHECK_INT(packets[1][2].verdict, WG_DATA);
	CHECK_INT(packets[1][3].verdict, WG_DROP_INDEX);
	CHECK_INT(packets[1][4].verdict, WG_DATA);
	CHECK_INT(packets[1][5].verdict, WG_DATA);
	given_count = 0;
	give(&old[2]);
	give(data_of(p, 300));
	p->now_ns = pair_current(p, B)->born_ns + REJECT_AFTER_TIME_S * NS_PER_S;
	CHECK(same_either_way(p, B));
	CHECK_INT(packets[1][0].verdict, WG_DROP_AGE);
	CHECK_INT(packets[1][1].verdict, WG_DROP_AGE);
}

TEST(wg_handshakes_among_many_are_taken_in_their_place)
{
	struct pair *p = pair_of_peers(NULL);
	static struct datagram initiation;

	pair_shake(p, A);
	given_count = 0;
	give(data_of(p, 100));
	p->now_ns += 10 * NS_PER_S;
	p->node[A].wall.s += 10;
	pair_current(p, A)->can_send = false;
	pair_send(p, A, 60);
	initiation = *next_of(p, MESSAGE_INITIATION);
	give(&initiation);
	give(&given[0]);
	pair_current(p, A)->can_send = true;
	give(data_of(p, 1000));
	give(&initiation);
	CHECK(same_either_way(p, B));
	CHECK_INT(packets[1][0].verdict, WG_DATA);
	CHECK_INT(packets[1][1].verdict, WG_HANDSHAKE);
	CHECK_INT(packets[1][2].verdict, WG_DROP_REPLAY);
	CHECK_INT(packets[1][3].verdict, WG_DATA);
	CHECK_INT(packets[1][4].verdict, WG_DROP_AGAIN);
}

/* Packets of A to B and elsewhere, as a TUN brings them. */
static void outgoing(struct wg_packet *all, uint8_t (*room)[DATAGRAM_MAX])
{
	memset(room, 0, MANY * sizeof(*room));
	for (size_t i = 0; i < MANY; i++) {
		uint8_t *packet = room[i] + WG_HEADROOM;
		size_t len = i % 4 ? 1420 : 20 + i;

		packet[0] = i % 17 == 5 ? 0x35 : 0x45;
		store_be16(packet + 2, (uint16_t)len);
		packet[12] = packet[16] = 10;
		packet[15] = 1;
		packet[19] = i % 19 == 7 ? 9 : 2;
		all[i] = (struct wg_packet){ .bytes = packet, .len = len };
	}
}

static bool same_out_either_way(struct pair *p)
{
	struct node *n = &p->node[A];

	for (unsigned way = 0; way < 2; way++)
		outgoing(packets[way], rooms[way]);
	snapshot_take(&before, n);
	for (size_t i = 0; i < MANY; i++) {
		struct wg_packet *one = &packets[0][i];

		one->verdict = wg_output(n->device, one->bytes, one->len, p->now_ns, &one->view);
	}
	snapshot_take(&after, n);
	snapshot_restore(&before, n);
	wg_output_many(n->device, packets[1], MANY, p->now_ns);
	for (size_t i = 0; i < MANY; i++)
		if (!same_verdict(&packets[0][i], &packets[1][i]))
			return false;
	given_count = MANY;
	return !memcmp(rooms[0], rooms[1], sizeof(rooms[0])) && is_as(&after, n);
}

TEST(wg_many_are_sealed_as_if_each_left_alone)
{
	struct pair *p = pair_of_peers(NULL);

	CHECK(same_out_either_way(p)); /* there is no session yet */
	CHECK_INT(count_verdicts(WG_SEALED), 0);
	CHECK(count_verdicts(WG_STAGED) > 100);
	p = pair_of_peers(NULL);
	pair_shake(p, A);
	CHECK(same_out_either_way(p));
	CHECK(count_verdicts(WG_SEALED) > 100);
	CHECK_INT(count_verdicts(WG_NOT_IP), 9);
	CHECK_INT(count_verdicts(WG_NO_PEER), 8);
	p->now_ns += REKEY_AFTER_TIME_S * NS_PER_S; /* the first asks for a new session, the others go on */
	CHECK(same_out_either_way(p));
	CHECK(count_verdicts(WG_SEALED) > 100);
}

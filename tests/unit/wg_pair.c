#include "wg_pair.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "crypto/x25519.h"

static struct pair the_pair;

static void on_send(void *arg, const struct inet_flow *to, uint8_t ds, const uint8_t *bytes, size_t len, bool sealed)
{
	struct node *n = arg;
	struct datagram *d = &n->out[n->out_count];

	n->sent[bytes[0] <= 4 ? bytes[0] : 0]++;
	if (n->out_count == WIRE_MAX || len > DATAGRAM_MAX)
		return;
	n->out_count++;
	d->to = to->remote;
	d->local = to->local;
	d->ds = ds;
	d->len = len;
	d->sealed = sealed;
	memcpy(d->bytes, bytes, len);
}

static void host_send(void *arg, const struct inet_flow *to, uint8_t ds, const uint8_t *bytes, size_t len)
{
	on_send(arg, to, ds, bytes, len, false);
}

static void host_sealed(void *arg, const struct inet_flow *to, uint8_t ds, const uint8_t *bytes, size_t len)
{
	on_send(arg, to, ds, bytes, len, true);
}

static int host_random(void *arg, void *dst, size_t len)
{
	struct node *n = arg;
	uint8_t *p = dst;

	if (n->random_fails)
		return -5;
	for (; len; len--) {
		if (n->script_len) {
			*p++ = *n->script++;
			n->script_len--;
			continue;
		}
		n->seed = n->seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
		*p++ = (uint8_t)(n->seed >> 56);
	}
	return 0;
}

static struct wg_wall host_wall(void *arg)
{
	return ((struct node *)arg)->wall;
}

static void host_event(void *arg, struct wg_peer *peer, enum wg_event event)
{
	(void)peer;
	((struct node *)arg)->events[event]++;
}

void pair_free(struct pair *p)
{
	for (int i = 0; i < 2; i++)
		free(p->node[i].arena);
	memset(p, 0, sizeof(*p));
}

struct pair *pair_new(const struct wg_limits *limits)
{
	static const struct wg_limits small = { .peers = 8, .prefixes = 64, .staged = 256, .packet_len_max = 1500 };
	struct pair *p = &the_pair;

	pair_free(p);
	p->now_ns = 1000 * NS_PER_S;
	limits = limits ? limits : &small;
	for (int i = 0; i < 2; i++) {
		struct node *n = &p->node[i];
		struct wg_host host = { .arg = n, .send = host_send, .sealed = host_sealed, .random = host_random,
					.wall = host_wall, .event = host_event };

		n->seed = (uint64_t)i + 1;
		n->wall = (struct wg_wall){ 1700000000, 0 };
		n->endpoint = (struct inet_endpoint){ .addr = { AF_INET, { 192, 0, 2, (uint8_t)(i + 1) } },
						      .port = (uint16_t)(1001 + i) };
		n->arena_len = wg_arena_len(limits);
		n->arena = aligned_alloc(WG_ARENA_ALIGN, n->arena_len);
		if (!n->arena)
			abort();
		memset(n->arena, 0, n->arena_len);
		if (wg_init(&n->device, n->arena, n->arena_len, limits, &host) < 0)
			abort();
		wg_set_mtu(n->device, WORK_MTU);
		wg_set_up(n->device, true, p->now_ns);
		host_random(n, n->private_key, WG_KEY_LEN);
		x25519_clamp(n->private_key);
		x25519_public(n->public_key, n->private_key);
		wg_set_private_key(n->device, n->private_key, p->now_ns);
	}
	return p;
}

int pair_join(struct pair *p, int of, const uint8_t *psk, bool endpoint, uint16_t keepalive_s)
{
	struct node *other = &p->node[!of];
	struct inet_prefix allowed[] = {
		{ { AF_INET, { 10, 0, 0, (uint8_t)(!of + 1) } }, 32 },
		{ { AF_INET6, { 0xfd, [15] = (uint8_t)(!of + 1) } }, 128 },
	};
	struct wg_peer_change c = { .public_key = other->public_key, .preshared_key = psk, .allowed = allowed,
				    .allowed_count = 2, .endpoint = endpoint ? &other->endpoint : NULL,
				    .keepalive_s = keepalive_s,
				    .flags = WG_PEER_REPLACE_ALLOWED | WG_PEER_SET_KEEPALIVE };

	return wg_set_peer(p->node[of].device, &c, p->now_ns);
}

struct pair *pair_of_peers(const uint8_t *psk)
{
	struct pair *p = pair_new(NULL);

	if (pair_join(p, A, psk, true, 0) < 0 || pair_join(p, B, psk, true, 0) < 0)
		abort();
	return p;
}

struct wg_peer *pair_peer(struct pair *p, int of)
{
	return device_find(p->node[of].device, p->node[!of].public_key);
}

struct keypair *pair_current(struct pair *p, int of)
{
	struct keypairs *k = &pair_peer(p, of)->keypairs;

	return k->current == KEYPAIR_NONE ? NULL : &k->slots[k->current];
}

enum wg_verdict pair_send_to(struct pair *p, int from, const uint8_t src[4], const uint8_t dst[4], size_t len)
{
	uint8_t room[WG_HEADROOM + DATAGRAM_MAX + WG_TAILROOM] = { 0 }, *packet = room + WG_HEADROOM;
	enum wg_verdict verdict;
	struct wg_view view;

	packet[0] = 0x45;
	store_be16(packet + 2, (uint16_t)len);
	memcpy(packet + 12, src, 4);
	memcpy(packet + 16, dst, 4);
	for (size_t i = 20; i < len; i++)
		packet[i] = (uint8_t)i;
	verdict = wg_output(p->node[from].device, packet, len, p->now_ns, &view);
	if (verdict == WG_SEALED)
		on_send(&p->node[from], view.to, view.ds, view.bytes, view.len, false);
	return verdict;
}

enum wg_verdict pair_send(struct pair *p, int from, size_t len)
{
	const uint8_t a[4] = { 10, 0, 0, 1 }, b[4] = { 10, 0, 0, 2 };

	return pair_send_to(p, from, from == A ? a : b, from == A ? b : a, len);
}

enum wg_verdict pair_give(struct pair *p, int to, const struct inet_endpoint *from, const uint8_t *bytes, size_t len)
{
	struct node *n = &p->node[to];
	const struct inet_flow flow = { .remote = *from, .local = p->local };
	uint8_t *copy = malloc(len ? len : 1); /* exactly as long, so that a sanitizer sees what goes beyond */
	enum wg_verdict verdict;
	struct wg_view view;

	if (!copy)
		abort();
	memcpy(copy, bytes, len);
	verdict = wg_input(n->device, &flow, p->ds, copy, len, p->now_ns, &view);
	n->verdicts[verdict]++;
	n->last_peer = view.peer;
	if (verdict == WG_KEEPALIVE)
		n->keepalive_count++;
	if (verdict == WG_DATA) {
		n->data_count++;
		n->last_len = view.len;
		memcpy(n->last, view.bytes, view.len);
	}
	free(copy);
	return verdict;
}

bool pair_take(struct pair *p, int from, struct datagram *datagram)
{
	struct node *n = &p->node[from];

	if (!n->out_count)
		return false;
	*datagram = n->out[0];
	n->out_count--;
	memmove(n->out, n->out + 1, n->out_count * sizeof(n->out[0]));
	return true;
}

void pair_deliver(struct pair *p)
{
	static struct datagram d;

	while (p->node[A].out_count || p->node[B].out_count)
		for (int i = 0; i < 2; i++)
			while (pair_take(p, i, &d))
				if (!p->cut[i])
					pair_give(p, !i, &p->node[i].endpoint, d.bytes, d.len);
}

static void advance(struct pair *p, uint64_t to_ns)
{
	uint64_t ns = to_ns - p->now_ns;

	p->now_ns = to_ns;
	for (int i = 0; i < 2; i++) {
		struct wg_wall *w = &p->node[i].wall;
		uint64_t sum = w->ns + ns;

		w->s += (int64_t)(sum / NS_PER_S);
		w->ns = (uint32_t)(sum % NS_PER_S);
	}
}

void pair_run(struct pair *p, uint64_t ns)
{
	uint64_t end_ns = p->now_ns + ns;

	pair_deliver(p);
	for (;;) {
		uint64_t a_ns = wg_next_due(p->node[A].device), b_ns = wg_next_due(p->node[B].device);
		uint64_t due_ns = a_ns < b_ns ? a_ns : b_ns;

		if (due_ns > end_ns)
			break;
		if (due_ns > p->now_ns)
			advance(p, due_ns);
		wg_poll(p->node[A].device, p->now_ns);
		wg_poll(p->node[B].device, p->now_ns);
		pair_deliver(p);
	}
	advance(p, end_ns);
}

void pair_shake(struct pair *p, int initiator)
{
	pair_send(p, initiator, 60);
	pair_deliver(p);
}

/* Datagrams and inner packets through two whole devices that are each other's peers, nothing stubbed but the clock, the
 * randomness and the network. The input is a program: each step either lets the protocol go on or gives a device bytes
 * that are a genuine message altered, or anything. Two things must hold: no packet is handed up that was not sent, and
 * the peers can still talk in the end. */
#include <stdlib.h>
#include <string.h>

#include "exact.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "crypto/aead_impl.h"
#include "crypto/x25519.h"
#include "wg/device.h"

enum { WIRE = 64, LEN_MAX = 1600, STEPS_MAX = 300 };

struct side {
	struct wg_device *device;
	void *arena;
	uint8_t private_key[WG_KEY_LEN], public_key[WG_KEY_LEN];
	struct inet_endpoint endpoint;
	struct {
		uint8_t bytes[LEN_MAX];
		size_t len;
	} wire[WIRE];
	size_t head, count; /* what is still on the wire; older ones stay to be replayed */
	unsigned got;
	struct wg_wall wall;
	uint64_t seed;
};

static struct side side[2];
static uint64_t now_ns;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void on_send(void *arg, const struct inet_flow *to, uint8_t ds, const uint8_t *bytes, size_t len)
{
	struct side *s = arg;
	size_t at = (s->head + s->count) % WIRE;

	(void)to;
	(void)ds;
	if (len > LEN_MAX)
		abort();
	if (s->count == WIRE) {
		s->head = (s->head + 1) % WIRE;
		s->count--;
	}
	memcpy(s->wire[at].bytes, bytes, len);
	s->wire[at].len = len;
	s->count++;
}

static int on_random(void *arg, void *dst, size_t len)
{
	struct side *s = arg;
	uint8_t *p = dst;

	while (len--) {
		s->seed = s->seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
		*p++ = (uint8_t)(s->seed >> 56);
	}
	return 0;
}

static struct wg_wall on_wall(void *arg)
{
	return ((struct side *)arg)->wall;
}

static const uint8_t magic[8] = "genuine";

static void took(int to, const struct wg_packet *m)
{
	if (m->view.len < 28 || m->view.bytes < m->bytes || m->view.bytes + m->view.len > m->bytes + m->len ||
	    memcmp(m->view.bytes + 20, magic, sizeof(magic)) != 0)
		abort();
	side[to].got++;
}

static enum wg_verdict give(int to, const struct inet_endpoint *from, const uint8_t *bytes, size_t len)
{
	const struct inet_flow flow = { .remote = *from, .local = side[to].endpoint.addr };
	uint8_t *copy = exact_copy(bytes, len);
	enum wg_verdict verdict;
	struct wg_view view;

	verdict = wg_input(side[to].device, &flow, (uint8_t)len, copy, len, now_ns, &view);
	if (verdict == WG_DATA) {
		const struct wg_packet m = { .bytes = copy, .len = len, .view = view };

		took(to, &m);
	}
	free(copy);
	return verdict;
}

/* All that is on the wire, at once. */
static void deliver_many(int from)
{
	struct side *s = &side[from];
	const struct inet_flow flow = { .remote = s->endpoint, .local = side[!from].endpoint.addr };
	struct wg_packet m[WIRE];
	size_t count = s->count;

	for (size_t i = 0; i < count; i++) {
		size_t at = (s->head + i) % WIRE;

		m[i].bytes = exact_copy(s->wire[at].bytes, s->wire[at].len);
		m[i].len = s->wire[at].len;
	}
	s->head = (s->head + count) % WIRE;
	s->count = 0;
	wg_input_many(side[!from].device, &flow, 0, m, count, now_ns);
	for (size_t i = 0; i < count; i++) {
		if (m[i].verdict == WG_DATA)
			took(!from, &m[i]);
		free(m[i].bytes);
	}
}

/* With any of those that run here. */
static void choose_aead(size_t n)
{
	const struct aead_impl *const impls[] = { &aead_bearssl, aead_avx2(), aead_avx512() };

	n %= sizeof(impls) / sizeof(impls[0]);
	(void)aead_use(impls[n] ? impls[n] : &aead_bearssl);
}

static void send_packet(int from, size_t len)
{
	uint8_t *room = calloc(1, WG_HEADROOM + len + WG_TAILROOM), *packet = room + WG_HEADROOM;
	struct wg_view view;

	if (!room)
		abort();
	packet[0] = 0x45;
	store_be16(packet + 2, (uint16_t)len);
	packet[12] = packet[16] = 10;
	packet[15] = (uint8_t)(from + 1);
	packet[19] = (uint8_t)(!from + 1);
	memcpy(packet + 20, magic, sizeof(magic));
	if (wg_output(side[from].device, packet, len, now_ns, &view) == WG_SEALED)
		on_send(&side[from], view.to, view.ds, view.bytes, view.len);
	free(room);
}

static bool deliver(int from)
{
	struct side *s = &side[from];
	size_t at = s->head;

	if (!s->count)
		return false;
	s->head = (s->head + 1) % WIRE;
	s->count--;
	give(!from, &s->endpoint, s->wire[at].bytes, s->wire[at].len);
	return true;
}

static void advance(uint64_t ns)
{
	now_ns += ns;
	for (int i = 0; i < 2; i++) {
		side[i].wall.s = (int64_t)(now_ns / NS_PER_S);
		side[i].wall.ns = (uint32_t)(now_ns % NS_PER_S);
		wg_poll(side[i].device, now_ns);
		(void)wg_next_due(side[i].device);
	}
}

static void set_up(void)
{
	static const struct wg_limits limits = { .peers = 4, .prefixes = 8, .staged = 16, .packet_len_max = 1500 };
	static uint8_t keys[2][2][WG_KEY_LEN];
	size_t arena_len = wg_arena_len(&limits);

	now_ns = 1000 * NS_PER_S;
	for (int i = 0; i < 2; i++) {
		struct side *s = &side[i];
		struct wg_host host = { .arg = s, .send = on_send, .random = on_random, .wall = on_wall };

		if (!s->arena)
			s->arena = aligned_alloc(WG_ARENA_ALIGN, arena_len);
		if (!s->arena)
			abort();
		memset(s->arena, 0, arena_len);
		/* What an earlier input sent bears stamps of times that this one has not reached: who takes one in is deaf
		 * to all that follows, and rightly so. */
		memset(s->wire, 0, sizeof(s->wire));
		s->head = s->count = s->got = 0;
		s->seed = (uint64_t)i + 1;
		if (!keys[i][0][0]) {
			on_random(s, keys[i][0], WG_KEY_LEN);
			keys[i][0][0] |= 8;
			x25519_public(keys[i][1], keys[i][0]);
		}
		memcpy(s->public_key, keys[i][1], WG_KEY_LEN);
		s->endpoint = (struct inet_endpoint){ .addr = { AF_INET, { 192, 0, 2, (uint8_t)i } }, .port = 1 };
		if (wg_init(&s->device, s->arena, arena_len, &limits, &host) < 0)
			abort();
		wg_set_mtu(s->device, 1420);
		wg_set_up(s->device, true, now_ns);
		wg_set_private_key(s->device, keys[i][0], now_ns);
	}
	for (int i = 0; i < 2; i++) {
		struct inet_prefix allowed = { { AF_INET, { 10, 0, 0, (uint8_t)(!i + 1) } }, 32 };
		struct wg_peer_change c = { .public_key = side[!i].public_key, .endpoint = &side[!i].endpoint,
					    .allowed = &allowed, .allowed_count = 1 };

		if (wg_set_peer(side[i].device, &c, now_ns) < 0)
			abort();
	}
	advance(0);
}

/* A genuine message, also one that was delivered already, altered as the program says: sometimes with a mac1 that is
 * right again. */
static size_t altered(int from, uint8_t *bytes, const uint8_t *op)
{
	const struct side *s = &side[from];
	size_t at = op[0] % WIRE, len = s->wire[at].len;

	memcpy(bytes, s->wire[at].bytes, len);
	if (!len)
		return 0;
	bytes[(op[1] | (size_t)op[2] << 8) % len] ^= op[3];
	if (op[4] & 1)
		len = len > op[5] ? len - op[5] : len;
	if (op[4] & 2 && (len == sizeof(struct message_initiation) || len == sizeof(struct message_response))) {
		struct cookie_jar jar = { 0 };

		cookie_jar_set_key(&jar, side[!from].public_key);
		cookie_write_macs(&jar, bytes, len, now_ns);
	}
	return len;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const struct inet_endpoint stranger = { .addr = { AF_INET6, { 0x20, 1 } }, .port = 9 };
	static uint8_t bytes[LEN_MAX + 256];
	size_t n;

	choose_aead(len);
	set_up();
	for (unsigned step = 0; step < STEPS_MAX && len >= 8; step++) {
		int to = data[0] & 1;

		switch (data[0] >> 1 & 7) {
		case 0:
			send_packet(to, 28 + (data[1] | (size_t)data[2] << 8) % 1392);
			break;
		case 1:
			deliver(to);
			break;
		case 2:
			deliver_many(to);
			break;
		case 3:
			advance((uint64_t)data[1] << (data[2] % 32));
			break;
		case 4:
			n = altered(!to, bytes, data + 1);
			give(to, data[7] & 1 ? &stranger : &side[!to].endpoint, bytes, n);
			break;
		case 5: /* anything, with the index of a session or not */
			n = len - 8 < data[1] ? len - 8 : data[1];
			memcpy(bytes, data + 8, n);
			if (n >= 8 && data[2] & 1)
				memcpy(bytes + 4, side[!to].wire[data[3] % WIRE].bytes + (data[2] & 2 ? 4 : 8), 4);
			give(to, &stranger, bytes, n);
			data += n;
			len -= n;
			break;
		case 6:
			side[to].device->guard.load.until_ns = data[1] & 1 ? now_ns + 5 * NS_PER_S : 0;
			break;
		case 7:
			side[to].count = 0; /* lost */
			break;
		}
		data += 8;
		len -= 8;
	}
	/* When the net is well again, they talk. */
	for (int i = 0; i < 2; i++) {
		struct wg_peer_change c = { .public_key = side[!i].public_key, .endpoint = &side[!i].endpoint };

		side[i].device->guard.load.until_ns = 0;
		if (wg_set_peer(side[i].device, &c, now_ns) < 0)
			abort();
		side[i].got = 0;
	}
	for (int i = 0; i < 600 && (!side[0].got || !side[1].got); i++) {
		send_packet(0, 60);
		send_packet(1, 60);
		while (deliver(0) || deliver(1))
			;
		advance(50 * NS_PER_MS);
	}
	if (!side[0].got || !side[1].got)
		abort();
	return 0;
}

/* Micro-benchmarks of the WireGuard core: wg_output and wg_input per size, one by one and many at once, allowed IPs with 1, 100 and 1,000 peers, the
 * steps of a handshake. Each figure is the best of several rounds. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "crypto/aead.h"
#include "crypto/random.h"
#include "crypto/x25519.h"
#include "wg/device.h"

enum { ROUNDS = 7, BATCH = 256, STRIDE = 2048 };

struct side {
	struct wg_device *device;
	uint8_t public_key[WG_KEY_LEN];
	struct inet_flow flow;
	uint8_t sent[STRIDE];
	size_t sent_len;
};

static struct side a, b;
static uint8_t room[BATCH][STRIDE];

static void on_send(void *arg, const struct inet_flow *to, uint8_t ds, const uint8_t *bytes, size_t len)
{
	struct side *s = arg;

	(void)to;
	(void)ds;
	memcpy(s->sent, bytes, len);
	s->sent_len = len;
}

static int on_random(void *arg, void *dst, size_t len)
{
	(void)arg;
	return random_bytes(dst, len);
}

static struct wg_wall on_wall(void *arg)
{
	static int64_t s = 1700000000;

	(void)arg;
	return (struct wg_wall){ s++, 0 };
}

static uint64_t on_work(void *arg)
{
	(void)arg;
	return clock_now_ns();
}

static void side_init(struct side *s, uint8_t n)
{
	const struct wg_limits limits = { .handshake_budget_ms = 1000 };
	const struct wg_host host = { .arg = s, .send = on_send, .random = on_random, .wall = on_wall, .work_ns = on_work };
	size_t len = wg_arena_len(&limits);
	void *arena = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint8_t key[WG_KEY_LEN];

	if (arena == MAP_FAILED || random_bytes(key, sizeof(key)) < 0 ||
	    wg_init(&s->device, arena, len, &limits, &host) < 0)
		abort();
	wg_set_private_key(s->device, key, 0);
	wg_public_key(s->device, s->public_key);
	wg_set_mtu(s->device, 1420);
	wg_set_up(s->device, true, 0);
	s->flow.remote = (struct inet_endpoint){ .addr = { AF_INET, { 192, 0, 2, n } }, .port = n };
}

static void add(struct side *s, const uint8_t *key, const struct inet_endpoint *endpoint, struct inet_prefix prefix)
{
	struct wg_peer_change c = { .public_key = key, .endpoint = endpoint, .allowed = &prefix, .allowed_count = 1 };

	if (wg_set_peer(s->device, &c, 0) < 0)
		abort();
}

static size_t packet(uint8_t *p, size_t len, uint8_t from, uint8_t to)
{
	memset(p, 0, len);
	p[0] = 0x45;
	store_be16(p + 2, (uint16_t)len);
	p[12] = p[16] = 10;
	p[15] = from;
	p[19] = to;
	return len;
}

static void shake(uint64_t now_ns)
{
	struct wg_view view;

	packet(room[0] + WG_HEADROOM, 60, 1, 2);
	wg_output(a.device, room[0] + WG_HEADROOM, 60, now_ns, &view);
	if (wg_input(b.device, &a.flow, 0, a.sent, a.sent_len, now_ns, &view) != WG_HANDSHAKE ||
	    wg_input(a.device, &b.flow, 0, b.sent, b.sent_len, now_ns, &view) != WG_HANDSHAKE ||
	    wg_input(b.device, &a.flow, 0, a.sent, a.sent_len, now_ns, &view) != WG_DATA)
		abort();
}

/* step packets at once */
static void bench_data(size_t len, size_t step)
{
	uint64_t out_ns = UINT64_MAX, in_ns = UINT64_MAX, t;
	static struct wg_packet packets[BATCH];

	for (int round = 0; round < ROUNDS * 20; round++) {
		for (int i = 0; i < BATCH; i++) {
			packets[i].bytes = room[i] + WG_HEADROOM;
			packets[i].len = packet(packets[i].bytes, len, 1, 2);
		}
		t = clock_now_ns();
		for (size_t i = 0; i < BATCH; i += step)
			wg_output_many(a.device, packets + i, step, 1);
		t = clock_now_ns() - t;
		out_ns = t < out_ns ? t : out_ns;
		for (int i = 0; i < BATCH; i++) {
			packets[i].bytes = packets[i].view.bytes;
			packets[i].len = packets[i].view.len;
		}
		t = clock_now_ns();
		for (size_t i = 0; i < BATCH; i += step)
			wg_input_many(b.device, &a.flow, 0, packets + i, step, 1);
		t = clock_now_ns() - t;
		in_ns = t < in_ns ? t : in_ns;
		for (int i = 0; i < BATCH; i++)
			if (packets[i].verdict != WG_DATA)
				abort();
	}
	printf("%5zu B, %2zu at once  wg_output %6.0f ns  wg_input %6.0f ns  (%.2f and %.2f GB/s)\n", len, step, (double)out_ns / BATCH,
	       (double)in_ns / BATCH, (double)len * BATCH / (double)out_ns, (double)len * BATCH / (double)in_ns);
}

static void bench_lookup(unsigned peers)
{
	enum { LOOKUPS = 4096 };
	static struct inet_addr addr[LOOKUPS];
	uint64_t best_ns = UINT64_MAX, t;
	struct side s;
	unsigned found = 0;

	side_init(&s, 9);
	for (unsigned i = 0; i < peers; i++) {
		uint8_t key[WG_KEY_LEN] = { (uint8_t)i, (uint8_t)(i >> 8), 1 };

		add(&s, key, NULL, (struct inet_prefix){ { AF_INET, { 10, 7, (uint8_t)(i >> 8), (uint8_t)i } }, 32 });
	}
	for (unsigned i = 0; i < LOOKUPS; i++) {
		unsigned peer = (unsigned)rand() % peers;

		addr[i] = (struct inet_addr){ AF_INET, { 10, 7, (uint8_t)(peer >> 8), (uint8_t)peer } };
	}
	for (int round = 0; round < ROUNDS; round++) {
		t = clock_now_ns();
		for (unsigned i = 0; i < LOOKUPS; i++)
			found += allowedips_find(&s.device->allowed, false, addr[i].bytes) != ALLOWED_NONE;
		t = clock_now_ns() - t;
		best_ns = t < best_ns ? t : best_ns;
	}
	printf("allowed IPs, %4u peers, random: %5.1f ns (%u)\n", peers, (double)best_ns / LOOKUPS, found / ROUNDS);
	munmap(s.device, s.device->arena_len);
}

static void bench_handshake(void)
{
	uint64_t best_ns[3] = { UINT64_MAX, UINT64_MAX, UINT64_MAX }, now_ns = NS_PER_S, t;
	struct wg_view view;

	for (int round = 0; round < 200; round++) {
		now_ns += 200 * NS_PER_S; /* the session is too old: the packet is staged */
		packet(room[0] + WG_HEADROOM, 60, 1, 2);
		t = clock_now_ns();
		if (wg_output(a.device, room[0] + WG_HEADROOM, 60, now_ns, &view) != WG_STAGED)
			abort();
		t = clock_now_ns() - t;
		best_ns[0] = t < best_ns[0] ? t : best_ns[0];
		t = clock_now_ns();
		if (wg_input(b.device, &a.flow, 0, a.sent, a.sent_len, now_ns, &view) != WG_HANDSHAKE)
			abort();
		t = clock_now_ns() - t;
		best_ns[1] = t < best_ns[1] ? t : best_ns[1];
		t = clock_now_ns();
		if (wg_input(a.device, &b.flow, 0, b.sent, b.sent_len, now_ns, &view) != WG_HANDSHAKE)
			abort();
		t = clock_now_ns() - t;
		best_ns[2] = t < best_ns[2] ? t : best_ns[2];
	}
	printf("handshake: initiation %.0f us, initiation to response %.0f us, response to session %.0f us\n",
	       (double)best_ns[0] / 1e3, (double)best_ns[1] / 1e3, (double)best_ns[2] / 1e3);
}

int main(void)
{
	static const size_t sizes[] = { 64, 256, 576, 1024, 1420 };
	const struct wg_limits limits = { 0 };

	printf("arena for 1,024 peers, 4,096 prefixes: %zu KB; a peer %zu B; aead: %s\n", wg_arena_len(&limits) / 1024,
	       sizeof(struct wg_peer), aead_name());
	side_init(&a, 1);
	side_init(&b, 2);
	add(&a, b.public_key, &b.flow.remote, (struct inet_prefix){ { AF_INET, { 10, 0, 0, 2 } }, 32 });
	add(&b, a.public_key, &a.flow.remote, (struct inet_prefix){ { AF_INET, { 10, 0, 0, 1 } }, 32 });
	shake(0);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		for (size_t step = 1; step <= WG_BATCH; step *= 8)
			bench_data(sizes[i], step);
	bench_lookup(1);
	bench_lookup(100);
	bench_lookup(1000);
	bench_handshake();
	return 0;
}

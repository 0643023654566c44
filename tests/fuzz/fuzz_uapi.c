/* UAPI requests, line by line, into a device with a peer: any bytes of a client that got the socket. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "engine/uapi.h"

static int fake_random(void *arg, void *dst, size_t len)
{
	static uint64_t seed;
	uint8_t *p = dst;

	(void)arg;
	for (; len; len--) {
		seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
		*p++ = (uint8_t)(seed >> 56);
	}
	return 0;
}

static struct wg_wall fake_wall(void *arg)
{
	(void)arg;
	return (struct wg_wall){ 1000, 0 };
}

static void fake_send(void *arg, const struct inet_flow *to, uint8_t ds, const uint8_t *bytes, size_t len)
{
	(void)arg;
	(void)to;
	(void)ds;
	(void)bytes;
	(void)len;
}

static int set_port(struct uapi_host *host, uint16_t port)
{
	(void)host;
	return port == 1 ? -1 : 0;
}

static uint16_t port(struct uapi_host *host)
{
	(void)host;
	return 4567;
}

static uint32_t link_index(struct uapi_host *host, const char *name)
{
	(void)host;
	return name[0] == 'e';
}

static void expect(struct uapi_host *host, const struct inet_endpoint *endpoint, uint64_t now_ns)
{
	(void)host;
	(void)endpoint;
	(void)now_ns;
}

static void changed(struct uapi_host *host)
{
	(void)host;
}

static void ask(struct uapi_request *request, struct slice line, struct line_out *out)
{
	uapi_request_line(request, line, out, 1000000000);
	while (uapi_request_more(request, out))
		line_out_clear(out);
	line_out_clear(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct wg_host host = { .send = fake_send, .random = fake_random, .wall = fake_wall };
	static const struct wg_limits limits = { .peers = 4, .prefixes = 8, .staged = 2 };
	static struct uapi_host device;
	static struct uapi_request request;
	static struct line_out out;
	size_t arena_len = wg_arena_len(&limits);
	void *arena = aligned_alloc(WG_ARENA_ALIGN, (arena_len + WG_ARENA_ALIGN - 1) / WG_ARENA_ALIGN * WG_ARENA_ALIGN);
	struct slice rest = { (const char *)data, size }, line;

	if (!arena)
		return 0;
	memset(arena, 0, arena_len);
	device = (struct uapi_host){ .set_port = set_port, .port = port, .link_index = link_index, .expect = expect, .changed = changed };
	if (wg_init(&device.device, arena, arena_len, &limits, &host) < 0)
		abort();
	wg_set_up(device.device, true, 1000000000);
	request = (struct uapi_request){ .host = &device };
	while (slice_cut(&rest, '\n', &line))
		ask(&request, line.len > LINE_LEN_MAX ? (struct slice){ NULL, 0 } : line, &out);
	ask(&request, (struct slice){ "", 0 }, &out);
	uapi_request_clear(&request);
	wg_close(device.device);
	free(arena);
	return 0;
}

/* A device of a few peers that no packet leaves, for lines that are said to it: all of it is on the heap, for the sanitizer. There is one. */
#ifndef TESTS_FUZZ_DEVICE_H
#define TESTS_FUZZ_DEVICE_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "engine/line_server.h"
#include "wg/wg.h"

static void *device_arena;

static inline int device_random(void *arg, void *dst, size_t len)
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

static inline struct wg_wall device_wall(void *arg)
{
	(void)arg;
	return (struct wg_wall){ 1000, 0 };
}

static inline void device_send(void *arg, const struct inet_flow *to, uint8_t ds, const uint8_t *bytes, size_t len)
{
	(void)arg;
	(void)to;
	(void)ds;
	(void)bytes;
	(void)len;
}

static inline struct wg_device *device_open(void)
{
	static const struct wg_host host = { .send = device_send, .random = device_random, .wall = device_wall };
	static const struct wg_limits limits = { .peers = 4, .prefixes = 8, .staged = 2 };
	size_t len = (wg_arena_len(&limits) + WG_ARENA_ALIGN - 1) / WG_ARENA_ALIGN * WG_ARENA_ALIGN;
	struct wg_device *device;

	device_arena = aligned_alloc(WG_ARENA_ALIGN, len);
	if (!device_arena)
		abort();
	memset(device_arena, 0, len);
	if (wg_init(&device, device_arena, wg_arena_len(&limits), &limits, &host) < 0)
		abort();
	return device;
}

static inline void device_close(struct wg_device *device)
{
	wg_close(device);
	free(device_arena);
}

/* As a server hands on one that is too long. */
static inline struct slice device_line(struct slice line)
{
	return line.len > LINE_LEN_MAX ? (struct slice){ NULL, 0 } : line;
}

#endif

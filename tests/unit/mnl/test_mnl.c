/* The stand-in for libmnl against Debian's libmnl. */
#include <string.h>

#include "../test.h"
#include "shapes.h"

enum { RANDOM_BUFFERS = 5000, CORRUPT_BUFFERS = 5000, FILL = 0xcc };

static _Alignas(8) uint8_t one[SHAPE_BUF_LEN], other[SHAPE_BUF_LEN];
static char one_text[SHAPE_TEXT_LEN], other_text[SHAPE_TEXT_LEN];

/* xorshift32, so that a failure comes again. */
static uint32_t next_random(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

static bool described_alike(const uint8_t *buf, size_t len)
{
	one_text[0] = other_text[0] = '\0';
	shapes_debian.describe(buf, len, one_text);
	shapes_standin.describe(buf, len, other_text);
	return strcmp(one_text, other_text) == 0;
}

TEST(standin_builds_the_bytes_libmnl_builds)
{
	for (size_t i = 0; shapes_debian.build[i]; i++) {
		size_t len;

		memset(one, 0, sizeof(one));
		memset(other, 0, sizeof(other));
		len = shapes_debian.build[i](one);
		CHECK(len >= 16);
		CHECK_INT(shapes_standin.build[i](other), len);
		CHECK_MEM(other, one, sizeof(one));
	}
}

TEST(standin_clears_pads_whatever_was_there)
{
	for (size_t i = 0; shapes_standin.build[i]; i++) {
		size_t len;

		memset(one, 0, sizeof(one));
		memset(other, FILL, sizeof(other));
		len = shapes_standin.build[i](one);
		CHECK_INT(shapes_standin.build[i](other), len);
		CHECK_MEM(other, one, len);
	}
}

TEST(standin_reads_what_libmnl_builds)
{
	for (size_t i = 0; shapes_debian.build[i]; i++) {
		memset(one, 0, sizeof(one));
		CHECK(described_alike(one, shapes_debian.build[i](one)));
	}
}

TEST(standin_reads_random_bytes_as_libmnl_does)
{
	uint32_t state = 0x6d6e6c31;

	for (int i = 0; i < RANDOM_BUFFERS; i++) {
		size_t len = next_random(&state) % 400;

		memset(one, 0, sizeof(one));
		for (size_t n = 0; n < len; n++)
			one[n] = (uint8_t)(next_random(&state) >> 9);
		/* Lengths small enough to lead somewhere. */
		for (size_t n = 0; n + 4 < len; n += 4)
			if (next_random(&state) % 3 == 0)
				memcpy(one + n, &(uint16_t){ (uint16_t)(next_random(&state) % 48) }, 2);
		if (len > 4)
			memcpy(one, &(uint32_t){ next_random(&state) % 300 }, 4);
		CHECK(described_alike(one, len));
	}
}

TEST(standin_reads_damaged_messages_as_libmnl_does)
{
	uint32_t state = 0x6d6e6c32;

	for (int i = 0; i < CORRUPT_BUFFERS; i++) {
		size_t len;

		memset(one, 0, sizeof(one));
		len = shapes_debian.build[i % 8](one);
		for (uint32_t hits = next_random(&state) % 8; hits; hits--)
			one[next_random(&state) % len] = (uint8_t)(next_random(&state) >> 11);
		CHECK(described_alike(one, len - next_random(&state) % 20));
	}
}

TEST(standin_socket_talks_to_the_kernel)
{
	CHECK_INT(shapes_debian.lo_index(), 1);
	CHECK_INT(shapes_standin.lo_index(), 1);
}

#include "crypto/key.h"

#include <errno.h>
#include <string.h>

/* 0xff when lo <= c <= hi, else 0, without a branch. */
static unsigned in_range(unsigned c, unsigned lo, unsigned hi)
{
	return (((lo - 1 - c) & (c - hi - 1)) >> 8) & 0xff;
}

/* The six bits of a base64 character, 0 for others; *bad gathers what is none. */
static uint32_t decode(char character, unsigned *bad)
{
	unsigned c = (unsigned char)character;
	unsigned upper = in_range(c, 'A', 'Z'), lower = in_range(c, 'a', 'z'), digit = in_range(c, '0', '9');
	unsigned plus = in_range(c, '+', '+'), slash = in_range(c, '/', '/');

	*bad |= 0xff & ~(upper | lower | digit | plus | slash);
	return 63 & ((upper & (c - 'A')) | (lower & (c - 'a' + 26)) | (digit & (c - '0' + 52)) | (plus & 62) |
		     (slash & 63));
}

static char encode(uint32_t six_bits)
{
	unsigned v = six_bits & 63;

	return (char)((in_range(v + 1, 1, 26) & (v + 'A')) | (in_range(v, 26, 51) & (v - 26 + 'a')) |
		      (in_range(v, 52, 61) & (v - 52 + '0')) | (in_range(v, 62, 62) & '+') |
		      (in_range(v, 63, 63) & '/'));
}

int key_from_base64(const char *text, size_t len, uint8_t key[static KEY_LEN])
{
	uint8_t out[KEY_LEN + 1];
	unsigned bad = 0;

	if (len != KEY_BASE64_LEN - 1 || text[len - 1] != '=')
		return -EINVAL;
	for (size_t i = 0; i < 11; i++) {
		const char *p = text + 4 * i;
		uint32_t last = i == 10 ? 0 : decode(p[3], &bad);
		uint32_t v = decode(p[0], &bad) << 18 | decode(p[1], &bad) << 12 | decode(p[2], &bad) << 6 | last;

		out[3 * i] = (uint8_t)(v >> 16);
		out[3 * i + 1] = (uint8_t)(v >> 8);
		out[3 * i + 2] = (uint8_t)v;
	}
	bad |= out[KEY_LEN]; /* padding bits */
	memcpy(key, out, KEY_LEN);
	wipe(out, sizeof(out));
	if (!bad)
		return 0;
	wipe(key, KEY_LEN);
	return -EINVAL;
}

void key_to_base64(const uint8_t key[static KEY_LEN], char text[static KEY_BASE64_LEN])
{
	for (size_t i = 0; i < 11; i++) {
		const uint8_t *p = key + 3 * i;
		uint32_t v = (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | (i == 10 ? 0 : p[2]);

		for (unsigned j = 0; j < 4; j++)
			text[4 * i + j] = encode(v >> (18 - 6 * j));
	}
	text[KEY_BASE64_LEN - 2] = '=';
	text[KEY_BASE64_LEN - 1] = '\0';
}

static unsigned hex_digit(char character, unsigned *bad)
{
	unsigned c = (unsigned char)character;
	unsigned digit = in_range(c, '0', '9'), lower = in_range(c, 'a', 'f'), upper = in_range(c, 'A', 'F');

	*bad |= 0xff & ~(digit | lower | upper);
	return (digit & (c - '0')) | (lower & (c - 'a' + 10)) | (upper & (c - 'A' + 10));
}

int key_from_hex(const char *text, size_t len, uint8_t key[static KEY_LEN])
{
	unsigned bad = 0;

	if (len != KEY_HEX_LEN - 1)
		return -EINVAL;
	for (size_t i = 0; i < KEY_LEN; i++)
		key[i] = (uint8_t)(hex_digit(text[2 * i], &bad) << 4 | hex_digit(text[2 * i + 1], &bad));
	if (!bad)
		return 0;
	wipe(key, KEY_LEN);
	return -EINVAL;
}

void key_to_hex(const uint8_t key[static KEY_LEN], char text[static KEY_HEX_LEN])
{
	for (size_t i = 0; i < (size_t)2 * KEY_LEN; i++) {
		unsigned v = i % 2 ? key[i / 2] & 15u : key[i / 2] >> 4;

		text[i] = (char)(v + '0' + (in_range(v, 10, 15) & ('a' - '0' - 10)));
	}
	text[KEY_HEX_LEN - 1] = '\0';
}

bool ct_equal(const void *a, const void *b, size_t len)
{
	const volatile uint8_t *x = a, *y = b;
	uint8_t diff = 0;

	for (size_t i = 0; i < len; i++)
		diff |= x[i] ^ y[i];
	return !diff;
}

bool key_is_zero(const uint8_t key[static KEY_LEN])
{
	static const uint8_t zero[KEY_LEN];

	return ct_equal(key, zero, KEY_LEN);
}

void wipe(void *p, size_t len)
{
	memset(p, 0, len);
	__asm__ volatile("" : : "r"(p) : "memory");
}

__attribute__((noinline)) void wipe_stack(void)
{
	uint8_t frames[2048];

	wipe(frames, sizeof(frames));
}

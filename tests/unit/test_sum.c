/* base/sum: word by word is the judge. */
#include <stdlib.h>

#include "base/sum.h"
#include "test.h"

enum { LEN_MAX = 1600 };

/* RFC 1071 1: 16-bit words, the carry comes around, a last byte is filled up with zero. */
static uint16_t judge(uint16_t sum, const uint8_t *bytes, size_t len)
{
	uint32_t all = sum;

	for (size_t i = 0; i < len; i += 2) {
		uint8_t pair[2] = { bytes[i], i + 1 < len ? bytes[i + 1] : 0 };
		uint16_t word;

		memcpy(&word, pair, sizeof(word));
		all += word;
		all = (all & UINT16_MAX) + (all >> 16);
	}
	return (uint16_t)all;
}

/* Zero has two forms: all zeros is the sum of nothing but zeros. */
static bool same(uint16_t x, uint16_t y)
{
	return x == y || (x + y == UINT16_MAX && (!x || !y));
}

TEST(sum_agrees_with_word_by_word_at_every_length)
{
	static uint8_t bytes[LEN_MAX + 8], copy[LEN_MAX + 8];
	static const uint64_t begins[] = { 0, 1, UINT64_MAX, UINT64_MAX - 1, UINT64_C(0xfedcba9876543210) };

	srand(1);
	for (unsigned pattern = 0; pattern < 3; pattern++) {
		for (size_t i = 0; i < sizeof(bytes); i++)
			bytes[i] = pattern == 0 ? 0xff : pattern == 1 ? (uint8_t)(i % 8 ? 0 : 1) : (uint8_t)rand();
		for (size_t len = 0; len <= LEN_MAX; len++) {
			uint64_t begin = begins[len % (sizeof(begins) / sizeof(begins[0]))];
			const uint8_t *at = bytes + len % 7;
			uint16_t expected = judge(sum_fold(begin), at, len);

			memset(copy, 0x5a, sizeof(copy));
			CHECK(same(sum_fold(sum_bytes_plain(begin, at, len)), expected));
			CHECK(same(sum_fold(sum_copy_plain(begin, copy, at, len)), expected));
			CHECK_MEM(copy, at, len);
			CHECK_INT(copy[len], 0x5a);
			memset(copy, 0x5a, sizeof(copy));
			CHECK(same(sum_fold(sum_bytes_long(begin, at, len)), expected));
			CHECK(same(sum_fold(sum_copy_long(begin, copy + 1, at, len)), expected));
			CHECK_INT(copy[0], 0x5a);
			CHECK_MEM(copy + 1, at, len);
			CHECK_INT(copy[len + 1], 0x5a);
		}
	}
}

/* What is long goes another way, wherever it lies. */
TEST(sum_agrees_with_word_by_word_at_every_alignment)
{
	static uint8_t bytes[65536 + 64], copy[65536 + 64];
	static const size_t lens[] = { SUM_LONG_LEN - 1, SUM_LONG_LEN, SUM_LONG_LEN + 1, 191, 192, 193, 1380, 1420, 8999, 65535, 65536 };

	srand(2);
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = i < 40000 ? 0xff : (uint8_t)rand();
	for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++)
		for (size_t from = 0; from < 64; from++) {
			size_t to = (from * 7) % 64;
			uint16_t expected = judge(3, bytes + from, lens[i]);

			CHECK(same(sum_fold(sum_bytes(3, bytes + from, lens[i])), expected));
			memset(copy + to, 0x5a, lens[i]);
			CHECK(same(sum_fold(sum_copy(3, copy + to, bytes + from, lens[i])), expected));
			CHECK_MEM(copy + to, bytes + from, lens[i]);
		}
}

/* The Internet checksum (RFC 1071) over bytes, alone or fused with a copy. */
#ifndef BASE_SUM_H
#define BASE_SUM_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { SUM_LONG_LEN = 128 };

/* Sums are of 16-bit words in the machine's byte order (RFC 1071 2 B), not folded: what is added later must begin at an even
 * offset of the summed bytes, and the result goes to memory by sum_put. */
static inline uint64_t sum_word(uint64_t sum, uint64_t word)
{
	sum += word;
	return sum + (sum < word);
}

static inline uint64_t sum_tail(uint64_t sum, const uint8_t *at, size_t len)
{
	uint64_t word = 0;

	memcpy(&word, at, len); /* at most 7 bytes, the rest zero */
	return sum_word(sum, word);
}

/* Four sums at a time: one waits for its own carry, twice a word. */
struct sum_four {
	uint64_t of[4];
};

static inline void sum_four_words(struct sum_four *sums, const uint64_t word[static 4])
{
	sums->of[0] = sum_word(sums->of[0], word[0]);
	sums->of[1] = sum_word(sums->of[1], word[1]);
	sums->of[2] = sum_word(sums->of[2], word[2]);
	sums->of[3] = sum_word(sums->of[3], word[3]);
}

static inline uint64_t sum_of_four(const struct sum_four *sums)
{
	return sum_word(sum_word(sums->of[0], sums->of[1]), sum_word(sums->of[2], sums->of[3]));
}

static inline uint64_t sum_bytes_plain(uint64_t sum, const uint8_t *at, size_t len)
{
	struct sum_four sums = { { sum } };
	uint64_t word[4];

	for (; len >= sizeof(word); at += sizeof(word), len -= sizeof(word)) {
		memcpy(word, at, sizeof(word));
		sum_four_words(&sums, word);
	}
	sum = sum_of_four(&sums);
	for (; len >= sizeof(word[0]); at += sizeof(word[0]), len -= sizeof(word[0])) {
		memcpy(word, at, sizeof(word[0]));
		sum = sum_word(sum, word[0]);
	}
	return len ? sum_tail(sum, at, len) : sum;
}

static inline uint64_t sum_copy_plain(uint64_t sum, uint8_t *restrict dst, const uint8_t *restrict src, size_t len)
{
	struct sum_four sums = { { sum } };
	uint64_t word[4];

	for (; len >= sizeof(word); dst += sizeof(word), src += sizeof(word), len -= sizeof(word)) {
		memcpy(word, src, sizeof(word));
		memcpy(dst, word, sizeof(word));
		sum_four_words(&sums, word);
	}
	sum = sum_of_four(&sums);
	for (; len >= sizeof(word[0]); dst += sizeof(word[0]), src += sizeof(word[0]), len -= sizeof(word[0])) {
		memcpy(word, src, sizeof(word[0]));
		memcpy(dst, word, sizeof(word[0]));
		sum = sum_word(sum, word[0]);
	}
	for (size_t i = 0; i < len; i++)
		dst[i] = src[i];
	return len ? sum_tail(sum, src, len) : sum;
}

/* On the vector units, where there are any: at any length, but what is short costs more than without. */
uint64_t sum_bytes_long(uint64_t sum, const uint8_t *bytes, size_t len);
uint64_t sum_copy_long(uint64_t sum, uint8_t *restrict dst, const uint8_t *restrict src, size_t len);

static inline uint64_t sum_bytes(uint64_t sum, const void *bytes, size_t len)
{
	return len < SUM_LONG_LEN ? sum_bytes_plain(sum, bytes, len) : sum_bytes_long(sum, bytes, len);
}

/* The same while it copies; dst and src do not overlap. */
static inline uint64_t sum_copy(uint64_t sum, uint8_t *restrict dst, const uint8_t *restrict src, size_t len)
{
	return len < SUM_LONG_LEN ? sum_copy_plain(sum, dst, src, len) : sum_copy_long(sum, dst, src, len);
}

/* A number as it lies in a header of network byte order. */
static inline uint64_t sum_be16(uint64_t sum, uint32_t value)
{
	const uint8_t bytes[2] = { (uint8_t)(value >> 8), (uint8_t)value };

	return sum_tail(sum, bytes, sizeof(bytes));
}

static inline uint16_t sum_fold(uint64_t sum)
{
	sum = (sum & UINT32_MAX) + (sum >> 32);
	sum = (sum & UINT32_MAX) + (sum >> 32);
	sum = (sum & UINT16_MAX) + (sum >> 16);
	sum = (sum & UINT16_MAX) + (sum >> 16);
	return (uint16_t)(sum + (sum >> 16));
}

static inline void sum_store(uint8_t *at, uint16_t folded)
{
	memcpy(at, &folded, sizeof(folded));
}

/* at: two bytes. sum_put writes the checksum, sum_put_open the sum that hardware is to go on from. */
static inline void sum_put(uint8_t *at, uint64_t sum)
{
	sum_store(at, (uint16_t)~sum_fold(sum));
}

static inline void sum_put_open(uint8_t *at, uint64_t sum)
{
	sum_store(at, sum_fold(sum));
}

/* UDP: a checksum of zero is written as all ones, since zero means none (RFC 768). */
static inline void sum_put_udp(uint8_t *at, uint64_t sum)
{
	uint16_t folded = sum_fold(sum);

	sum_store(at, folded == UINT16_MAX ? folded : (uint16_t)~folded);
}

/* Of bytes that hold their checksum: right when all adds up to ones. */
static inline int sum_is_right(uint64_t sum)
{
	return sum_fold(sum) == UINT16_MAX;
}

#endif

/* Many packets at once, with each back end: BearSSL, one by one, is the judge. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "crypto/aead.h"
#include "crypto/aead_impl.h"
#include "test.h"

enum { BATCH_MAX = 64, LEN_MAX = 9000, GUARD = 32, ROOM = GUARD + LEN_MAX + AEAD_TAG_LEN + GUARD };

static const struct aead_impl *const *back_ends(void)
{
	static const struct aead_impl *list[4];
	size_t count = 0;

	list[count++] = &aead_bearssl;
	if (aead_avx2())
		list[count++] = aead_avx2();
	if (aead_avx512())
		list[count++] = aead_avx512();
	list[count] = NULL;
	return list;
}

TEST(aead_of_every_kind_runs_here)
{
	if (!aead_avx512())
		SKIP("this machine has no AVX-512 with IFMA and VBMI2: that path was not run");
	CHECK(aead_avx2());
}

static uint64_t seed;

static uint8_t any_byte(void)
{
	seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint8_t)(seed >> 56);
}

static void any_bytes(uint8_t *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		p[i] = any_byte();
}

static uint8_t rooms[BATCH_MAX][ROOM], plains[BATCH_MAX][LEN_MAX], judged[BATCH_MAX][LEN_MAX + AEAD_TAG_LEN];
static uint8_t keys[BATCH_MAX][AEAD_KEY_LEN];
static struct aead_job jobs[BATCH_MAX];

/* One of the batch, from plain: with a key of its own or the first one's. judged is how it must look sealed. */
static void prepare(size_t i, size_t len, bool own_key)
{
	uint8_t nonce[AEAD_NONCE_LEN] = { 0 }, *key = keys[own_key ? i : 0];

	any_bytes(nonce + 4, 8);
	if (i % 3 == 0)
		memset(nonce + 8, 0, 4);
	memset(rooms[i], 0x5a, GUARD + len + AEAD_TAG_LEN + GUARD);
	memcpy(rooms[i] + GUARD, plains[i], len);
	jobs[i] = (struct aead_job){ .bytes = rooms[i] + GUARD, .len = len, .key = key };
	for (unsigned j = 0; j < 8; j++)
		jobs[i].counter |= (uint64_t)nonce[4 + j] << 8 * j;
	aead_bearssl.seal(judged[i], plains[i], len, NULL, 0, nonce, key);
}

static bool guarded(size_t i)
{
	for (size_t j = 0; j < GUARD; j++)
		if (rooms[i][j] != 0x5a || rooms[i][GUARD + jobs[i].len + AEAD_TAG_LEN + j] != 0x5a)
			return false;
	return true;
}

static bool sealed_right(size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (memcmp(jobs[i].bytes, judged[i], jobs[i].len + AEAD_TAG_LEN) != 0 || !guarded(i))
			return false;
	return true;
}

/* All but the forged one (count: none of them) are right, and that one is wiped. */
static bool opened_right(size_t count, size_t forged)
{
	static const uint8_t zero[LEN_MAX];

	for (size_t i = 0; i < count; i++)
		if (jobs[i].right != (i != forged) || !guarded(i) ||
		    memcmp(jobs[i].bytes, i == forged ? zero : plains[i], jobs[i].len) != 0)
			return false;
	return true;
}

/* The batch as prepared: sealed, opened, and opened with one of them forged at each of a few places. */
static bool agree(size_t count)
{
	aead_seal_many(jobs, count);
	if (!sealed_right(count))
		return false;
	aead_open_many(jobs, count);
	if (!opened_right(count, count))
		return false;
	for (unsigned round = 0; round < 2; round++) {
		size_t forged = any_byte() % count, len = jobs[forged].len, at = round && len ? any_byte() * len / 256 : len + any_byte() % AEAD_TAG_LEN;

		for (size_t i = 0; i < count; i++)
			memcpy(jobs[i].bytes, judged[i], jobs[i].len + AEAD_TAG_LEN);
		jobs[forged].bytes[at] ^= (uint8_t)(1U << any_byte() % 8);
		aead_open_many(jobs, count);
		if (!opened_right(count, forged))
			return false;
	}
	return true;
}

/* Runs test with each back end in place of the one that was chosen. False: it failed with one. */
static bool with_each(bool (*test)(void))
{
	const struct aead_impl *before = NULL, *was;
	bool good = true;

	any_bytes(&keys[0][0], sizeof(keys));
	any_bytes(&plains[0][0], sizeof(plains));
	for (const struct aead_impl *const *impl = back_ends(); *impl && good; impl++) {
		was = aead_use(*impl);
		before = before ? before : was;
		good = test();
	}
	(void)aead_use(before);
	return good;
}

static bool every_length(void)
{
	for (size_t len = 0; len < 1600; len++) {
		prepare(0, len, false);
		if (!agree(1))
			return false;
	}
	for (size_t len = 1600; len < LEN_MAX; len += 97) {
		prepare(0, len, false);
		if (!agree(1))
			return false;
	}
	return true;
}

TEST(aead_many_agrees_with_bearssl_at_every_length)
{
	seed = 1;
	CHECK(with_each(every_length));
}

static bool every_batch(void)
{
	for (size_t count = 1; count <= BATCH_MAX; count++) {
		/* of one length and one key, as a super-frame brings them, but for the last */
		for (size_t i = 0; i < count; i++)
			prepare(i, i + 1 < count ? 1420 : 77, false);
		if (!agree(count))
			return false;
		/* any lengths, each with its own key */
		for (size_t i = 0; i < count; i++)
			prepare(i, ((size_t)any_byte() << 8 | any_byte()) % (i % 5 ? 200 : 1600), true);
		if (!agree(count))
			return false;
	}
	return true;
}

TEST(aead_many_agrees_with_bearssl_in_batches_of_1_to_64)
{
	seed = 2;
	CHECK(with_each(every_batch));
}

static bool every_short_length_at_once(void)
{
	for (size_t from = 0; from < 1560; from += BATCH_MAX / 2) {
		for (size_t i = 0; i < BATCH_MAX; i++)
			prepare(i, from + i, true);
		if (!agree(BATCH_MAX))
			return false;
	}
	for (size_t i = 0; i < 8; i++) /* longer than the first groups hold, beside short ones */
		prepare(i, i % 2 ? 1400 + 1000 * i : 16 * i, true);
	return agree(8);
}

TEST(aead_many_agrees_with_bearssl_for_neighbours_of_all_lengths)
{
	seed = 3;
	CHECK(with_each(every_short_length_at_once));
}

/* What is hashed is all ones: the longest carries. */
static bool all_ones(void)
{
	static uint8_t kept[8][LEN_MAX];
	bool good = true;

	memcpy(kept, plains, sizeof(kept));
	for (size_t len = 0; len < 1500 && good; len += 61) {
		for (size_t count = 1; count <= 8 && good; count += 7) {
			for (size_t i = 0; i < count; i++) {
				uint8_t nonce[AEAD_NONCE_LEN] = { 0 };

				memset(plains[i], 0, len);
				prepare(i, len, true);
				for (unsigned j = 0; j < 8; j++)
					nonce[4 + j] = (uint8_t)(jobs[i].counter >> 8 * j);
				for (size_t j = 0; j < len; j++)
					plains[i][j] = jobs[i].bytes[j] = (uint8_t)~judged[i][j];
				aead_bearssl.seal(judged[i], plains[i], len, NULL, 0, nonce, keys[i]);
			}
			good = (!len || judged[0][len - 1] == 0xff) && agree(count);
		}
	}
	memcpy(plains, kept, sizeof(kept));
	return good;
}

TEST(aead_many_agrees_with_bearssl_on_all_ones)
{
	seed = 4;
	CHECK(with_each(all_ones));
}

/* Packets that end where memory ends, and that begin where it begins. */
static bool at_the_edge(void)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	uint8_t *pages = mmap(NULL, 3 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	bool good = pages != MAP_FAILED && !mprotect(pages + page, page, PROT_READ | PROT_WRITE);

	for (size_t len = 0; len < 1500 && good; len += len < 200 ? 1 : 37) {
		uint8_t *ends[2] = { pages + page, pages + 2 * page - len - AEAD_TAG_LEN };

		for (size_t i = 0; i < 2; i++)
			prepare(i, len, true);
		for (size_t i = 0; i < 2; i++) {
			memcpy(ends[i], plains[i], len);
			jobs[i].bytes = ends[i];
		}
		aead_seal_many(jobs, 2);
		good = !memcmp(ends[0], judged[0], len + AEAD_TAG_LEN) && !memcmp(ends[1], judged[1], len + AEAD_TAG_LEN);
		aead_open_many(jobs, 2);
		aead_seal_many(&jobs[1], 1);
		aead_open_many(&jobs[1], 1);
		good = good && jobs[0].right && jobs[1].right && !memcmp(ends[1], plains[1], len);
	}
	if (pages != MAP_FAILED)
		munmap(pages, 3 * page);
	return good;
}

TEST(aead_many_touches_nothing_beside_a_packet)
{
	seed = 5;
	CHECK(with_each(at_the_edge));
}

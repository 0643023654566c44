/* bench_crypto [ROUNDS]: seal and open in place with each back end, side by side, medians of interleaved rounds. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "crypto/aead.h"
#include "crypto/aead_impl.h"
#include "crypto/blake2s.h"
#include "crypto/kdf.h"
#include "crypto/x25519.h"

enum { ROUNDS_DEFAULT = 9, ROUNDS_MAX = 101, ROUND_BYTES = 8 << 20, ROUND_PACKETS_MAX = 20000, LEN_MAX = 65535 };

enum operation { SEAL, OPEN, OPERATIONS };

static const char *const operation_names[OPERATIONS] = { [SEAL] = "seal", [OPEN] = "open" };
static const size_t sizes[] = { 64, 128, 512, 1420, 8192, LEN_MAX };

static uint8_t packet[LEN_MAX + AEAD_TAG_LEN], sealed[LEN_MAX + AEAD_TAG_LEN];

static double now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *values, size_t count)
{
	qsort(values, count, sizeof(*values), compare);
	return values[count / 2];
}

/* Nanoseconds per packet. Opening reads a sealed packet and writes another place, so that it can be done again. */
static double run(const struct aead_impl *impl, enum operation operation, size_t len)
{
	static const uint8_t key[AEAD_KEY_LEN] = { 7 };
	const uint8_t nonce[AEAD_NONCE_LEN] = { 0 };
	size_t count = ROUND_BYTES / len < ROUND_PACKETS_MAX ? ROUND_BYTES / len : ROUND_PACKETS_MAX;
	size_t wrong = 0;

	impl->seal(sealed, packet, len, NULL, 0, nonce, key);

	double begin = now_ns();

	for (size_t i = 0; i < count; i++) {
		if (operation == SEAL)
			impl->seal(packet, packet, len, NULL, 0, nonce, key);
		else
			wrong += !impl->open(packet, sealed, len, NULL, 0, nonce, key);
	}
	if (wrong)
		(void)fprintf(stderr, "%s: %zu packets did not open\n", impl->name, wrong);
	return (now_ns() - begin) / (double)count;
}

static void bench_aead(size_t rounds)
{
	static double ns[2][ROUNDS_MAX];
	const struct aead_impl *const impls[2] = { aead_avx2(), &aead_bearssl };

	if (!impls[0]) {
		puts("no AVX2 here");
		return;
	}
	printf("%-5s %6s  %9s %9s  %9s %9s  %6s\n", "", "bytes", "avx2 ns", "GB/s", "bearssl", "GB/s", "ratio");
	for (enum operation operation = SEAL; operation < OPERATIONS; operation++) {
		for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
			for (size_t round = 0; round < rounds; round++)
				for (unsigned j = 0; j < 2; j++)
					ns[j][round] = run(impls[j], operation, sizes[i]);

			double own = median(ns[0], rounds), theirs = median(ns[1], rounds), len = (double)sizes[i];

			printf("%-5s %6zu  %9.0f %9.2f  %9.0f %9.2f  %6.2f\n", operation_names[operation], sizes[i],
			       own, len / own, theirs, len / theirs, theirs / own);
		}
	}
}

/* The steps of a handshake. */
static void bench_handshake(void)
{
	enum { HASHES = 20000, POINTS = 100 };
	uint8_t a[KEY_LEN] = { 9 }, b[KEY_LEN] = { 1 }, c[KEY_LEN];
	double begin = now_ns();

	for (unsigned i = 0; i < HASHES; i++)
		blake2s(a, sizeof(a), packet, 128, a, sizeof(a));

	double hashed = now_ns();

	for (unsigned i = 0; i < HASHES; i++)
		kdf(a, b, c, a, b, sizeof(b));

	double derived = now_ns();

	for (unsigned i = 0; i < POINTS; i++)
		x25519_public(b, b);

	double multiplied = now_ns();

	printf("blake2s, keyed, 128 bytes %.0f ns; kdf3 %.0f ns; x25519 %.1f us\n", (hashed - begin) / HASHES,
	       (derived - hashed) / HASHES, (multiplied - derived) / POINTS / 1e3);
}

int main(int argc, char **argv)
{
	size_t rounds = argc > 1 ? strtoul(argv[1], NULL, 10) : ROUNDS_DEFAULT;

	bench_aead(rounds < 1 ? 1 : rounds > ROUNDS_MAX ? ROUNDS_MAX : rounds);
	bench_handshake();
	return 0;
}

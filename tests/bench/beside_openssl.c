/* beside_openssl [ROUNDS]: seal and open in place with each back end and with OpenSSL, in the same rounds, one packet at a time and
 * 40 at once; the least processor time of a round counts. Built with glibc, for OpenSSL's sake. */
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "crypto/aead.h"
#include "crypto/aead_impl.h"

enum { ROUNDS_DEFAULT = 60, BATCH = 40, BATCHES = 10, LEN_MAX = 1420, BACK_ENDS = 3 };
enum way { SEAL, SEAL_MANY, OPEN, OPEN_MANY, WAYS };

static const char *const way_names[WAYS] = { "seal", "seal, 40 at once", "open", "open, 40 at once" };
static const size_t sizes[] = { 64, 256, LEN_MAX };
static const uint8_t key[AEAD_KEY_LEN] = { 7 };

static uint8_t packets[BATCH][LEN_MAX + AEAD_TAG_LEN], sealed[BATCH][LEN_MAX + AEAD_TAG_LEN];
static struct aead_job jobs[BATCH];
static EVP_CIPHER_CTX *evp[2];

static double cpu_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

static int openssl_each(bool seal, size_t len)
{
	int wrong = 0, n;

	for (size_t i = 0; i < BATCH; i++) {
		uint8_t nonce[AEAD_NONCE_LEN] = { 0, 0, 0, 0, (uint8_t)i }, *p = packets[i];
		EVP_CIPHER_CTX *c = evp[seal];

		wrong += EVP_CipherInit_ex(c, NULL, NULL, NULL, nonce, seal) != 1;
		if (!seal)
			wrong += EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_TAG, AEAD_TAG_LEN, p + len) != 1;
		wrong += EVP_CipherUpdate(c, p, &n, p, (int)len) != 1 || EVP_CipherFinal_ex(c, p + len, &n) != 1;
		if (seal)
			wrong += EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_GET_TAG, AEAD_TAG_LEN, p + len) != 1;
	}
	return wrong;
}

static int own_each(enum way way)
{
	size_t step = way == SEAL_MANY || way == OPEN_MANY ? BATCH : 1;
	int wrong = 0;

	for (size_t i = 0; i < BATCH; i += step)
		(way == SEAL || way == SEAL_MANY ? aead_seal_many : aead_open_many)(&jobs[i], step);
	for (size_t i = 0; i < BATCH && way >= OPEN; i++)
		wrong += !jobs[i].right;
	return wrong;
}

/* ns per packet. impl NULL: OpenSSL */
static double run(const struct aead_impl *impl, enum way way, size_t len)
{
	double ns = 0;
	int wrong = 0;

	if (impl)
		(void)aead_use(impl);
	for (size_t batch = 0; batch < BATCHES; batch++) {
		for (size_t i = 0; i < BATCH; i++) {
			jobs[i] = (struct aead_job){ .bytes = packets[i], .len = len, .counter = i, .key = key };
			memcpy(packets[i], sealed[i], len + AEAD_TAG_LEN);
		}
		double begin = cpu_ns();

		wrong += impl ? own_each(way) : openssl_each(way < OPEN, len);
		ns += cpu_ns() - begin;
	}
	if (wrong)
		(void)fprintf(stderr, "%s: %d packets did not open\n", impl ? impl->name : "openssl", wrong);
	return ns / (BATCH * BATCHES);
}

static void bench(enum way way, size_t len, unsigned long rounds, const struct aead_impl *const *impls)
{
	double best[BACK_ENDS + 1];

	for (size_t i = 0; i < BATCH; i++) {
		jobs[i] = (struct aead_job){ .bytes = sealed[i], .len = len, .counter = i, .key = key };
		memset(sealed[i], 0, len);
	}
	aead_seal_many(jobs, BATCH);
	for (unsigned long round = 0; round < rounds; round++)
		for (int i = 0; i <= BACK_ENDS; i++) {
			double ns = i < BACK_ENDS && !impls[i] ? 0 : run(i < BACK_ENDS ? impls[i] : NULL, way, len);

			best[i] = round && best[i] < ns ? best[i] : ns;
		}
	printf("%-17s %5zu B  openssl %5.0f ns", way_names[way], len, best[BACK_ENDS]);
	for (int i = 0; i < BACK_ENDS; i++)
		if (impls[i])
			printf("  %s %5.0f (%.2fx)", impls[i]->name, best[i], best[BACK_ENDS] / best[i]);
	puts("");
}

int main(int argc, char **argv)
{
	const struct aead_impl *const impls[BACK_ENDS] = { aead_avx512(), aead_avx2(), &aead_bearssl };
	unsigned long rounds = argc > 1 ? strtoul(argv[1], NULL, 10) : ROUNDS_DEFAULT;

	for (int seal = 0; seal < 2; seal++) {
		evp[seal] = EVP_CIPHER_CTX_new();
		if (!evp[seal] || EVP_CipherInit_ex(evp[seal], EVP_chacha20_poly1305(), NULL, key, NULL, seal) != 1)
			return 1;
	}
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		for (enum way way = SEAL; way < WAYS; way++)
			bench(way, sizes[i], rounds ? rounds : 1, impls);
	return 0;
}

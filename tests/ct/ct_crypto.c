/* Shows that no branch and no index depends on a secret: secrets are handed to memcheck as undefined bytes, and it
 * complains of every jump and address made from them ("ctgrind"). Built with glibc, without sanitizers; `make check` runs it.
 *
 * Whether a tag is right is no secret: --wrap=ct_equal declares its answer public. An argument "leak" makes it branch
 * on a key, to see that the method sees it. */
#include <stdio.h>
#include <string.h>
#include <valgrind/memcheck.h>

#include "crypto/aead.h"
#include "crypto/aead_impl.h"
#include "crypto/blake2s.h"
#include "crypto/kdf.h"
#include "crypto/key.h"
#include "crypto/x25519.h"

enum { LEN_MAX = 1500 };

/* ld's names: NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */
bool __real_ct_equal(const void *a, const void *b, size_t len);
bool __wrap_ct_equal(const void *a, const void *b, size_t len);

bool __wrap_ct_equal(const void *a, const void *b, size_t len)
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */
{
	bool equal = __real_ct_equal(a, b, len);

	(void)VALGRIND_MAKE_MEM_DEFINED(&equal, sizeof(equal));
	return equal;
}

static uint8_t key[32], plain[LEN_MAX], sealed[LEN_MAX + AEAD_TAG_LEN], out[LEN_MAX + AEAD_TAG_LEN];

static void make_secret(void *p, size_t len)
{
	(void)VALGRIND_MAKE_MEM_UNDEFINED(p, len);
}

static void make_public(void *p, size_t len)
{
	(void)VALGRIND_MAKE_MEM_DEFINED(p, len);
}

static unsigned check_aead(const struct aead_impl *impl)
{
	static const uint8_t nonce[AEAD_NONCE_LEN] = { 1 }, ad[20] = { 2 };
	static const size_t lens[] = { 0, 1, 15, 16, 64, 100, 448, 449, 960, 961, 1420, LEN_MAX };
	unsigned wrong = 0;

	for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
		make_secret(key, sizeof(key));
		make_secret(plain, sizeof(plain));
		impl->seal(sealed, plain, lens[i], ad, sizeof(ad), nonce, key);
		make_public(sealed, sizeof(sealed)); /* it goes over the wire */
		wrong += !impl->open(out, sealed, lens[i], ad, sizeof(ad), nonce, key);
		sealed[lens[i]] ^= 1;
		wrong += impl->open(out, sealed, lens[i], ad, sizeof(ad), nonce, key);
	}
	return wrong;
}

/* Alone and side by side, short ones and long ones. */
static unsigned check_many(const struct aead_impl *impl)
{
	enum { PACKETS = 6 };
	static const size_t lens[PACKETS] = { 0, 64, 100, 192, 193, 1420 };
	static uint8_t bytes[PACKETS][LEN_MAX + AEAD_TAG_LEN];
	struct aead_job jobs[PACKETS];
	unsigned wrong = 0;

	for (size_t from = 0; impl->seal_many && from < PACKETS; from++) {
		make_secret(key, sizeof(key));
		for (size_t i = 0; i < PACKETS; i++)
			jobs[i] = (struct aead_job){ .bytes = bytes[i], .len = lens[i], .counter = i, .key = key };
		for (unsigned forged = 0; forged < 2; forged++) {
			make_secret(bytes, sizeof(bytes));
			impl->seal_many(jobs + from, PACKETS - from);
			make_public(bytes, sizeof(bytes));
			bytes[PACKETS - 1][0] ^= (uint8_t)forged;
			impl->open_many(jobs + from, PACKETS - from);
			for (size_t i = from; i < PACKETS; i++)
				wrong += jobs[i].right != (!forged || i + 1 < PACKETS);
		}
	}
	return wrong;
}

static unsigned check_xaead(void)
{
	static const uint8_t nonce[XAEAD_NONCE_LEN] = { 1 };

	make_secret(key, sizeof(key));
	make_secret(plain, sizeof(plain));
	xaead_seal(sealed, plain, 16, NULL, 0, nonce, key);
	make_public(sealed, sizeof(sealed));
	return !xaead_open(out, sealed, 16, NULL, 0, nonce, key);
}

static void check_handshake(void)
{
	uint8_t a[32], b[32], c[32];
	char text[KEY_BASE64_LEN], hex[KEY_HEX_LEN];

	make_secret(key, sizeof(key));
	make_secret(plain, sizeof(plain));
	blake2s(a, 16, plain, 200, key, sizeof(key));
	kdf(a, b, c, key, plain, 32);
	x25519_public(a, key);
	memset(b, 9, sizeof(b));
	(void)x25519(c, key, b);
	(void)key_is_zero(key);
	x25519_clamp(c);
	key_to_base64(key, text);
	key_to_hex(key, hex);
}

int main(int argc, char **argv)
{
	const struct aead_impl *avx2 = aead_avx2();
	unsigned wrong = check_aead(&aead_bearssl) + check_xaead();

	(void)argv;
	if (avx2)
		wrong += check_aead(avx2) + check_many(avx2);
	else
		puts("no AVX2 here");
	check_handshake();
	if (argc > 1 && key[0] & 1) /* the leak that must be seen */
		puts("odd");
	make_public(&wrong, sizeof(wrong));
	if (wrong)
		printf("%u packets did not do what they should\n", wrong);
	return wrong != 0;
}

/* X25519 against BearSSL's, which judges: what is random, and what Project Wycheproof asks about - points of the twist, points
 * written in more than 255 bits' worth of numbers, small orders, extreme scalars. */
#include <bearssl.h>
#include <string.h>

#include "crypto/x25519.h"
#include "test.h"

static uint64_t seed;

static void random_key(uint8_t key[static KEY_LEN])
{
	for (unsigned i = 0; i < KEY_LEN; i++) {
		seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
		key[i] = (uint8_t)(seed >> 56);
	}
}

static void judge(uint8_t shared[static KEY_LEN], const uint8_t private_key[static KEY_LEN],
		  const uint8_t public_key[static KEY_LEN])
{
	uint8_t scalar[KEY_LEN];

	memcpy(scalar, private_key, KEY_LEN);
	x25519_clamp(scalar);
	memcpy(shared, public_key, KEY_LEN);
	br_ec_c25519_m31.mul(shared, KEY_LEN, scalar, KEY_LEN, BR_EC_curve25519);
}

static bool agree(const uint8_t private_key[static KEY_LEN], const uint8_t public_key[static KEY_LEN])
{
	uint8_t judged[KEY_LEN], shared[KEY_LEN];
	bool good = x25519(shared, private_key, public_key);

	judge(judged, private_key, public_key);
	return !memcmp(shared, judged, KEY_LEN) && good == !key_is_zero(judged);
}

static bool base_agrees(const uint8_t private_key[static KEY_LEN])
{
	static const uint8_t base[KEY_LEN] = { 9 };
	uint8_t judged[KEY_LEN], shared[KEY_LEN], ladder[KEY_LEN];

	judge(judged, private_key, base);
	x25519_public(shared, private_key);
	return x25519(ladder, private_key, base) && !memcmp(shared, judged, KEY_LEN) && !memcmp(ladder, judged, KEY_LEN);
}

/* Half of all numbers are the abscissa of a point on the twist. */
TEST(x25519_agrees_with_bearssl_on_curve_and_twist)
{
	uint8_t private_key[KEY_LEN], public_key[KEY_LEN];

	for (unsigned i = 0; i < 200; i++) {
		seed = i;
		random_key(private_key);
		random_key(public_key);
		CHECK(agree(private_key, public_key));
		CHECK(base_agrees(private_key));
	}
}

/* 2^255 - 19 and up to 2^255 - 1 are 0 to 18 once more; the topmost bit says nothing (RFC 7748 5). */
TEST(x25519_takes_points_as_numbers_modulo_the_prime)
{
	uint8_t private_key[KEY_LEN], public_key[KEY_LEN];

	seed = 1;
	random_key(private_key);
	for (unsigned low = 0; low < 256; low++)
		for (unsigned top = 0; top < 2; top++) {
			memset(public_key, 0xff, KEY_LEN);
			public_key[0] = (uint8_t)low;
			public_key[31] = top ? 0xff : 0x7f;
			CHECK(agree(private_key, public_key));
			memset(public_key, 0, KEY_LEN);
			public_key[0] = (uint8_t)low;
			public_key[31] = top ? 0x80 : 0;
			CHECK(agree(private_key, public_key));
		}
}

TEST(x25519_agrees_on_extreme_scalars_and_limbs)
{
	uint8_t private_key[KEY_LEN], public_key[KEY_LEN];

	seed = 2;
	random_key(public_key);
	for (unsigned bit = 0; bit < 256; bit++)
		for (unsigned value = 0; value < 2; value++) {
			memset(private_key, value ? 0xff : 0, KEY_LEN);
			private_key[bit / 8] ^= (uint8_t)(1U << bit % 8);
			CHECK(base_agrees(private_key));
			if (bit % 3 == 0) /* 51 is a multiple of it */
				CHECK(agree(private_key, public_key) && agree(public_key, private_key));
		}
}

TEST(x25519_may_write_over_what_it_reads)
{
	uint8_t private_key[KEY_LEN], public_key[KEY_LEN], judged[KEY_LEN], both[KEY_LEN];

	seed = 3;
	random_key(private_key);
	random_key(public_key);
	judge(judged, private_key, public_key);
	memcpy(both, private_key, KEY_LEN);
	CHECK(x25519(both, both, public_key));
	CHECK_MEM(both, judged, KEY_LEN);
	memcpy(both, public_key, KEY_LEN);
	CHECK(x25519(both, private_key, both));
	CHECK_MEM(both, judged, KEY_LEN);
	x25519_public(judged, private_key);
	memcpy(both, private_key, KEY_LEN);
	x25519_public(both, both);
	CHECK_MEM(both, judged, KEY_LEN);
}

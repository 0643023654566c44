#include "crypto/x25519.h"

#include <string.h>

#include <sodium/crypto_scalarmult_curve25519.h>

void x25519_clamp(uint8_t private_key[static KEY_LEN])
{
	private_key[0] &= 248;
	private_key[31] = (uint8_t)((private_key[31] & 127) | 64);
}

bool x25519(uint8_t shared[static KEY_LEN], const uint8_t private_key[static KEY_LEN],
	    const uint8_t public_key[static KEY_LEN])
{
	/* It writes the clamped scalar there before it reads the point, and no result for most points of small order. */
	uint8_t result[KEY_LEN] = { 0 };
	bool good = !crypto_scalarmult_curve25519(result, private_key, public_key);

	memcpy(shared, result, KEY_LEN);
	wipe(result, sizeof(result));
	wipe_stack();
	return good;
}

void x25519_public(uint8_t public_key[static KEY_LEN], const uint8_t private_key[static KEY_LEN])
{
	(void)crypto_scalarmult_curve25519_base(public_key, private_key); /* it cannot fail */
	wipe_stack();
}

/* All of them, of the curve and its twist, with their bytes as RFC 7748 5 takes them: the highest bit does not count, and what is not below
 * the prime 2^255 - 19 is less by that. */
bool x25519_is_small_order(const uint8_t public_key[static KEY_LEN])
{
	static const uint8_t points[][KEY_LEN] = {
		{ 0 },
		{ 1 },
		{ 0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3, 0xfa, 0xf1, 0x9f, 0xc4, 0x6a,
		  0xda, 0x09, 0x8d, 0xeb, 0x9c, 0x32, 0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16, 0x5f, 0x49, 0xb8, 0x00 },
		{ 0x5f, 0x9c, 0x95, 0xbc, 0xa3, 0x50, 0x8c, 0x24, 0xb1, 0xd0, 0xb1, 0x55, 0x9c, 0x83, 0xef, 0x5b,
		  0x04, 0x44, 0x5c, 0xc4, 0x58, 0x1c, 0x8e, 0x86, 0xd8, 0x22, 0x4e, 0xdd, 0xd0, 0x9f, 0x11, 0x57 },
		{ 0xec, [1 ... 30] = 0xff, [31] = 0x7f }, /* -1, 0 and 1 once more */
		{ 0xed, [1 ... 30] = 0xff, [31] = 0x7f },
		{ 0xee, [1 ... 30] = 0xff, [31] = 0x7f },
	};
	uint8_t key[KEY_LEN];

	memcpy(key, public_key, KEY_LEN);
	key[KEY_LEN - 1] &= 0x7f;
	for (size_t i = 0; i < sizeof(points) / sizeof(points[0]); i++)
		if (!memcmp(key, points[i], KEY_LEN))
			return true;
	return false;
}

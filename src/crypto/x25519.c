#include "crypto/x25519.h"

#include <bearssl.h>
#include <string.h>

void x25519_clamp(uint8_t private_key[static KEY_LEN])
{
	private_key[0] &= 248;
	private_key[31] = (uint8_t)((private_key[31] & 127) | 64);
}

bool x25519(uint8_t shared[static KEY_LEN], const uint8_t private_key[static KEY_LEN],
	    const uint8_t public_key[static KEY_LEN])
{
	uint8_t scalar[KEY_LEN];

	memcpy(scalar, private_key, KEY_LEN);
	x25519_clamp(scalar);
	memcpy(shared, public_key, KEY_LEN);
	/* BearSSL 0.6 as Debian has it takes the scalar little-endian and says 1 for a zero result too. */
	br_ec_c25519_m31.mul(shared, KEY_LEN, scalar, KEY_LEN, BR_EC_curve25519);
	wipe(scalar, sizeof(scalar));
	wipe_stack();
	return !key_is_zero(shared);
}

void x25519_public(uint8_t public_key[static KEY_LEN], const uint8_t private_key[static KEY_LEN])
{
	static const uint8_t base[KEY_LEN] = { 9 };

	x25519(public_key, private_key, base);
}

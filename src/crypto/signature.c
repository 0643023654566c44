#include "crypto/signature.h"

#include <string.h>

#include <bearssl.h>

#include "crypto/key.h"

bool signature_verify(const uint8_t signature[static SIGNATURE_LEN], const uint8_t public_key[static SIGNATURE_PUBLIC_LEN],
		      const uint8_t hash[static SHA256_LEN])
{
	uint8_t point[SIGNATURE_PUBLIC_LEN];
	br_ec_public_key key = { .curve = BR_EC_secp256r1, .q = point, .qlen = sizeof(point) };

	memcpy(point, public_key, sizeof(point)); /* BearSSL's is not const */
	return br_ecdsa_i31_vrfy_raw(&br_ec_p256_m31, hash, SHA256_LEN, &key, signature, SIGNATURE_LEN) == 1;
}

/* 0 < key < order, which the point's computation does not ask. For who makes a bundle: its time tells of the key. */
static bool is_private(const uint8_t key[static SIGNATURE_PRIVATE_LEN])
{
	size_t order_len;
	const unsigned char *order = br_ec_p256_m31.order(BR_EC_secp256r1, &order_len);
	static const uint8_t zero[SIGNATURE_PRIVATE_LEN];

	return order_len == SIGNATURE_PRIVATE_LEN && memcmp(key, zero, sizeof(zero)) != 0 && memcmp(key, order, order_len) < 0;
}

bool signature_public(uint8_t public_key[static SIGNATURE_PUBLIC_LEN], const uint8_t private_key[static SIGNATURE_PRIVATE_LEN])
{
	return is_private(private_key) &&
	       br_ec_p256_m31.mulgen(public_key, private_key, SIGNATURE_PRIVATE_LEN, BR_EC_secp256r1) == SIGNATURE_PUBLIC_LEN;
}

bool signature_make(uint8_t signature[static SIGNATURE_LEN], const uint8_t private_key[static SIGNATURE_PRIVATE_LEN],
		    const uint8_t hash[static SHA256_LEN])
{
	uint8_t copy[SIGNATURE_PRIVATE_LEN];
	const br_ec_private_key key = { .curve = BR_EC_secp256r1, .x = copy, .xlen = sizeof(copy) };
	size_t len = 0;

	memcpy(copy, private_key, sizeof(copy));
	if (is_private(copy))
		len = br_ecdsa_i31_sign_raw(&br_ec_p256_m31, &br_sha256_vtable, hash, &key, signature);
	wipe(copy, sizeof(copy));
	return len == SIGNATURE_LEN;
}

/* crypto/: keys and X25519. */
#include "test.h"

#include <errno.h>
#include <string.h>

#include "crypto/key.h"
#include "crypto/x25519.h"

/* Jason A. Donenfeld, wg(8): the document's own example pair is made with wg genkey and wg pubkey. */
TEST(public_key_of_the_document_is_that_of_its_private_key)
{
	uint8_t private_key[KEY_LEN], public_key[KEY_LEN];
	char text[KEY_BASE64_LEN];

	CHECK_INT(key_from_base64("yDPg5doavYH7fdD86nt+cOzSBL4znVZcrcrJwjY/Xmw=", 44, private_key), 0);
	x25519_public(public_key, private_key);
	key_to_base64(public_key, text);
	CHECK_STR(text, "acfzxE6ZsiYE4jIqsBicOt7oT8ZuKhxBvuz0+6JxiEc=");
}

TEST(key_that_is_not_44_characters_of_base64_is_refused_and_wiped)
{
	static const char *const bad[] = {
		"yDPg5doavYH7fdD86nt+cOzSBL4znVZcrcrJwjY/Xmw",  "yDPg5doavYH7fdD86nt+cOzSBL4znVZcrcrJwjY/Xmw==",
		"yDPg5doavYH7fdD86nt+cOzSBL4znVZcrcrJwjY/Xmx=", "yDPg5doavYH7fdD86nt-cOzSBL4znVZcrcrJwjY_Xmw=",
		"yDPg5doavYH7fdD86nt+cOzSBL4znVZcrcrJwjY/Xm=w", "",
	};
	static const uint8_t zero[KEY_LEN];
	uint8_t key[KEY_LEN];

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		memset(key, 0, sizeof(key));
		CHECK_INT(key_from_base64(bad[i], strlen(bad[i]), key), -EINVAL);
		CHECK_MEM(key, zero, KEY_LEN);
	}
}

TEST(base64_takes_every_byte_there_and_back)
{
	uint8_t key[KEY_LEN], back[KEY_LEN];
	char text[KEY_BASE64_LEN];

	for (unsigned first = 0; first < 256; first++) {
		for (unsigned i = 0; i < KEY_LEN; i++)
			key[i] = (uint8_t)(first * 7 + i * 31);
		key_to_base64(key, text);
		CHECK_INT(key_from_base64(text, 44, back), 0);
		CHECK_MEM(key, back, KEY_LEN);
	}
}

TEST(hex_takes_every_byte_there_and_back_in_both_cases)
{
	static const char *const bad[] = { "", "00", "g", "/", ":", "@", "`" };
	uint8_t key[KEY_LEN], back[KEY_LEN];
	char text[KEY_HEX_LEN];

	for (unsigned first = 0; first < 256; first++) {
		for (unsigned i = 0; i < KEY_LEN; i++)
			key[i] = (uint8_t)(first + i * 31);
		key_to_hex(key, text);
		CHECK_INT(strspn(text, "0123456789abcdef"), 64);
		CHECK_INT(key_from_hex(text, 64, back), 0);
		CHECK_MEM(key, back, KEY_LEN);
		for (char *c = text; *c; c++)
			*c = *c >= 'a' ? (char)(*c - 'a' + 'A') : *c;
		CHECK_INT(key_from_hex(text, 64, back), 0);
		CHECK_MEM(key, back, KEY_LEN);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		memset(text, '0', 64);
		memcpy(text + 63, bad[i], strlen(bad[i]) == 1);
		CHECK_INT(key_from_hex(text, strlen(bad[i]) == 1 ? 64 : strlen(bad[i]), key), -EINVAL);
	}
}

/* RFC 7748 5.2, first vector. */
TEST(x25519_gives_the_vector_of_rfc_7748)
{
	static const uint8_t scalar[KEY_LEN] = { 0xa5, 0x46, 0xe3, 0x6b, 0xf0, 0x52, 0x7c, 0x9d, 0x3b, 0x16, 0x15,
						 0x4b, 0x82, 0x46, 0x5e, 0xdd, 0x62, 0x14, 0x4c, 0x0a, 0xc1, 0xfc,
						 0x5a, 0x18, 0x50, 0x6a, 0x22, 0x44, 0xba, 0x44, 0x9a, 0xc4 };
	static const uint8_t point[KEY_LEN] = { 0xe6, 0xdb, 0x68, 0x67, 0x58, 0x30, 0x30, 0xdb, 0x35, 0x94, 0xc1,
						0xa4, 0x24, 0xb1, 0x5f, 0x7c, 0x72, 0x66, 0x24, 0xec, 0x26, 0xb3,
						0x35, 0x3b, 0x10, 0xa9, 0x03, 0xa6, 0xd0, 0xab, 0x1c, 0x4c };
	static const uint8_t result[KEY_LEN] = { 0xc3, 0xda, 0x55, 0x37, 0x9d, 0xe9, 0xc6, 0x90, 0x8e, 0x94, 0xea,
						 0x4d, 0xf2, 0x8d, 0x08, 0x4f, 0x32, 0xec, 0xcf, 0x03, 0x49, 0x1c,
						 0x71, 0xf7, 0x54, 0xb4, 0x07, 0x55, 0x77, 0xa2, 0x85, 0x52 };
	uint8_t shared[KEY_LEN];

	CHECK(x25519(shared, scalar, point));
	CHECK_MEM(shared, result, KEY_LEN);
}

/* RFC 7748 6.1: the all-zero result of a point of small order is refused. */
TEST(x25519_refuses_points_of_small_order)
{
	static const uint8_t zero[KEY_LEN], one[KEY_LEN] = { 1 };
	uint8_t scalar[KEY_LEN], shared[KEY_LEN];

	memset(scalar, 0x77, sizeof(scalar));
	CHECK(!x25519(shared, scalar, zero));
	CHECK(!x25519(shared, scalar, one));
}

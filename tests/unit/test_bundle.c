/* init/bundle.h and what signs it: what is made is taken, and nothing else. */
#include "test.h"

#include <string.h>

#include "base/bytes.h"
#include "crypto/key.h"
#include "crypto/signature.h"
#include "init/bundle.h"
#include "init/update_keys.h"

/* RFC 6979 A.2.5. */
static const char rfc_private[] = "c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721";
static const char rfc_public[] = "0460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"
				 "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299";
static const char rfc_r[] = "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716";
static const char rfc_s[] = "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8";

static uint8_t private_key[SIGNATURE_PRIVATE_LEN], public_key[UPDATE_KEYS_MAX * SIGNATURE_PUBLIC_LEN];

static bool have_keys(void)
{
	return !key_from_hex(rfc_private, strlen(rfc_private), private_key) &&
	       update_keys_parse(rfc_public, strlen(rfc_public), public_key) == 1;
}

static bool make(uint8_t header[static BUNDLE_HEADER_LEN], const char *version, const char *least, const char *board)
{
	struct bundle bundle = { .uki_len = 5, .sbom_len = 7, .uki_sha256 = { 1 }, .sbom_sha256 = { 2 } };

	memcpy(bundle.version, version, strlen(version));
	memcpy(bundle.least, least, strlen(least));
	memcpy(bundle.board, board, strlen(board));
	return bundle_make(header, &bundle, private_key);
}

/* As one would who has the key and means harm, or has a bug. */
static void sign(uint8_t header[static BUNDLE_HEADER_LEN])
{
	uint8_t hash[SHA256_LEN];

	sha256(hash, header, BUNDLE_SIGNED_LEN);
	(void)signature_make(header + BUNDLE_SIGNED_LEN, private_key, hash);
}

TEST(signature_is_that_of_the_rfc)
{
	uint8_t hash[SHA256_LEN], made[SIGNATURE_LEN], wanted[SIGNATURE_LEN], public_made[SIGNATURE_PUBLIC_LEN];

	CHECK(have_keys());
	CHECK(signature_public(public_made, private_key));
	CHECK_MEM(public_made, public_key, sizeof(public_made));
	CHECK(!key_from_hex(rfc_r, strlen(rfc_r), wanted) && !key_from_hex(rfc_s, strlen(rfc_s), wanted + KEY_LEN));
	sha256(hash, "sample", strlen("sample"));
	CHECK(signature_make(made, private_key, hash));
	CHECK_MEM(made, wanted, sizeof(wanted));
	CHECK(signature_verify(made, public_key, hash));
	for (size_t i = 0; i < sizeof(made); i++) {
		made[i] ^= 0x10;
		CHECK(!signature_verify(made, public_key, hash));
		made[i] ^= 0x10;
	}
	hash[0] ^= 1;
	CHECK(!signature_verify(made, public_key, hash));
}

TEST(signature_of_zeros_and_by_a_point_off_the_curve_is_none)
{
	static const uint8_t zeros[SIGNATURE_LEN];
	uint8_t hash[SHA256_LEN] = { 1 }, made[SIGNATURE_LEN];

	CHECK(have_keys());
	CHECK(!signature_verify(zeros, public_key, hash));
	CHECK(!signature_make(made, zeros, hash)); /* no private key */
	CHECK(signature_make(made, private_key, hash));
	public_key[SIGNATURE_PUBLIC_LEN - 1] ^= 1;
	CHECK(!signature_verify(made, public_key, hash));
}

TEST(bundle_that_is_made_is_read_again_and_is_the_same_each_time)
{
	uint8_t header[BUNDLE_HEADER_LEN], again[BUNDLE_HEADER_LEN];
	struct bundle bundle;

	CHECK(have_keys());
	CHECK(make(header, "0.2.0", "0.1.0", "pc") && make(again, "0.2.0", "0.1.0", "pc"));
	CHECK_MEM(header, again, sizeof(header));
	CHECK_INT(bundle_read(header, public_key, 1, &bundle), BUNDLE_OK);
	CHECK_STR(bundle.version, "0.2.0");
	CHECK_STR(bundle.least, "0.1.0");
	CHECK_STR(bundle.board, "pc");
	CHECK_INT(bundle_len(&bundle), BUNDLE_HEADER_LEN + 12);
	CHECK_INT(bundle_read(header, public_key, 0, &bundle), BUNDLE_NOT_SIGNED);
}

TEST(bundle_with_any_bit_changed_is_refused)
{
	uint8_t header[BUNDLE_HEADER_LEN];
	struct bundle bundle;

	CHECK(have_keys());
	CHECK(make(header, "0.2.0", "0.1.0", "pc"));
	for (size_t i = 0; i < sizeof(header); i++) {
		header[i] ^= 1;
		CHECK(bundle_read(header, public_key, 1, &bundle) != BUNDLE_OK);
		CHECK(!bundle.version[0]);
		header[i] ^= 1;
	}
}

TEST(bundle_that_is_signed_and_makes_no_sense_is_refused)
{
	static const struct {
		size_t at;
		uint8_t value;
		enum bundle_verdict verdict;
	} changes[] = {
		{ 0, 'm', BUNDLE_NONE },     { 16, 2, BUNDLE_NEWER },   { 20, 1, BUNDLE_BROKEN }, /* flags */
		{ 24, 'x', BUNDLE_BROKEN },  { 24, 0, BUNDLE_BROKEN },  { 60, '1', BUNDLE_BROKEN }, /* version */
		{ 64, ' ', BUNDLE_BROKEN },  { 104, 0, BUNDLE_BROKEN }, { 104, 7, BUNDLE_BROKEN }, { 120, 'x', BUNDLE_BROKEN },
		{ 131, 0x11, BUNDLE_BROKEN }, { 135, 0x80, BUNDLE_BROKEN }, { 128, 0, BUNDLE_BROKEN }, { 143, 1, BUNDLE_BROKEN }, /* lengths */
		{ 208, 1, BUNDLE_BROKEN },   { 255, 1, BUNDLE_BROKEN },
	};
	uint8_t header[BUNDLE_HEADER_LEN];
	struct bundle bundle;

	CHECK(have_keys());
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		CHECK(make(header, "0.2.0", "0.1.0", "pc"));
		header[changes[i].at] = changes[i].value;
		sign(header);
		CHECK_INT(bundle_read(header, public_key, 1, &bundle), changes[i].verdict);
	}
	CHECK(!make(header, "2", "0.1.0", "pc") && !make(header, "0.2.0", "", "pc") && !make(header, "0.2.0", "0.1.0", ""));
}

TEST(bundle_fits_what_it_may_replace)
{
	struct bundle bundle = { .version = "0.3.0", .least = "0.2.0", .board = "pc" };
	char words[BUNDLE_WORDS_LEN];

	CHECK(bundle_fits(&bundle, "pc", "0.2.0", false, words));
	CHECK(!bundle_fits(&bundle, "qemu", "0.2.0", false, words) && strstr(words, "for the board pc"));
	CHECK(!bundle_fits(&bundle, "pc", "0.1.0", false, words) && strstr(words, "replaces 0.2.0 and newer"));
	CHECK(!bundle_fits(&bundle, "pc", "0.3.0", false, words) && strstr(words, "which runs"));
	CHECK(!bundle_fits(&bundle, "pc", "0.4.0", false, words) && strstr(words, "older than 0.4.0"));
	CHECK(bundle_fits(&bundle, "pc", "0.4.0", true, words));
	CHECK(!bundle_fits(&bundle, "pc", "0.2.0", true, words) && strstr(words, "no `downgrade`"));
}

TEST(update_keys_are_whole_words_and_the_trees_own_is_known)
{
	static const char own[] = "04003cd088294c8602207b5cb3a0607cc38b9c7fdf20a0a76fbbd354459b14c37f"
				  "0ad63feb249f6327c0dcbd90f70e130f3329210308bac73eef0ddae982f383b2";
	uint8_t keys[UPDATE_KEYS_MAX * SIGNATURE_PUBLIC_LEN];
	char words[600];

	CHECK_INT(update_keys_parse("", 0, keys), 0);
	CHECK_INT(update_keys_parse(rfc_public, strlen(rfc_public) - 1, keys), 0);
	CHECK_INT(update_keys_parse(rfc_public, strlen(rfc_public), keys), 1);
	CHECK(!update_keys_are_for_tests(keys, 1) && !update_keys_are_for_tests(keys, 0));
	strcpy(words, rfc_public);
	strcat(words, " nonsense ");
	strcat(words, own);
	CHECK_INT(update_keys_parse(words, strlen(words), keys), 2);
	CHECK(update_keys_are_for_tests(keys, 2) && !update_keys_are_for_tests(keys, 1));
}

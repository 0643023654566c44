/* src/crypto: published vectors, and the AVX2 AEAD held against BearSSL's. */
#include "test.h"

#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/aead.h"
#include "crypto/aead_impl.h"
#include "crypto/blake2s.h"
#include "crypto/kdf.h"
#include "crypto/key.h"
#include "crypto/random.h"
#include "crypto/x25519.h"

enum { LEN_MAX = 65535, GUARD = 32, MARGINS = 4 * GUARD, HEX_MAX = 512 };

static unsigned nibble(char c)
{
	return (unsigned)(c <= '9' ? c - '0' : c - 'a' + 10);
}

/* The bytes written in text; *len may be NULL. Borrowed until eight calls later. */
static const uint8_t *bytes(const char *text, size_t *len)
{
	static uint8_t pool[8][HEX_MAX];
	static unsigned next;
	uint8_t *out = pool[next++ % 8];
	size_t n = strlen(text) / 2;

	for (size_t i = 0; i < n; i++)
		out[i] = (uint8_t)(nibble(text[2 * i]) << 4 | nibble(text[2 * i + 1]));
	if (len)
		*len = n;
	return out;
}

/* Bytes that look random and are the same in every run. */
static void fill(uint8_t *dst, size_t len, uint64_t seed)
{
	for (size_t i = 0; i < len; i++) {
		seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
		dst[i] = (uint8_t)(seed >> 56);
	}
}

static void ascend(uint8_t *dst, size_t len, unsigned first)
{
	for (size_t i = 0; i < len; i++)
		dst[i] = (uint8_t)(first + i);
}

/* --- BLAKE2s --- */

TEST(blake2s_hashes_abc)
{
	uint8_t out[BLAKE2S_HASH_LEN];

	/* RFC 7693 appendix B */
	blake2s(out, sizeof(out), "abc", 3, NULL, 0);
	CHECK_MEM(out, bytes("508c5e8c327c14e2e1a72ba34eeb452f37458b209ed63a294d999b4c86675982", NULL), sizeof(out));
}

static void fibonacci(uint8_t *out, size_t len, uint32_t seed)
{
	uint32_t a = 0xdead4bad * seed, b = 1;

	for (size_t i = 0; i < len; i++) {
		uint32_t sum = a + b;

		a = b;
		b = sum;
		out[i] = (uint8_t)(sum >> 24);
	}
}

TEST(blake2s_passes_the_self_test_of_its_rfc)
{
	/* RFC 7693 appendix E */
	static const uint8_t out_lens[] = { 16, 20, 28, 32 };
	static const uint16_t in_lens[] = { 0, 3, 64, 65, 255, 1024 };
	uint8_t in[1024], key[32], hash[32];
	struct blake2s all;

	blake2s_init(&all, 32, NULL, 0);
	for (size_t i = 0; i < sizeof(out_lens); i++) {
		for (size_t j = 0; j < sizeof(in_lens) / sizeof(in_lens[0]); j++) {
			fibonacci(in, in_lens[j], in_lens[j]);
			blake2s(hash, out_lens[i], in, in_lens[j], NULL, 0);
			blake2s_update(&all, hash, out_lens[i]);
			fibonacci(key, out_lens[i], out_lens[i]);
			blake2s(hash, out_lens[i], in, in_lens[j], key, out_lens[i]);
			blake2s_update(&all, hash, out_lens[i]);
		}
	}
	blake2s_final(&all, hash);
	CHECK_MEM(hash, bytes("6a411f08ce25adcdfb02aba641451cec53c598b24f4fc787fbdc88797f4c1dfe", NULL), 32);
}

TEST(blake2s_keyed_agrees_with_its_authors)
{
	/* BLAKE2's blake2s-kat: key 00..1f, input 00..n-1. Its first answer; a hash of all 256 by Python's hashlib. */
	uint8_t in[256], key[32], hash[32];
	struct blake2s all;

	ascend(in, sizeof(in), 0);
	ascend(key, sizeof(key), 0);
	blake2s(hash, 32, NULL, 0, key, 32);
	CHECK_MEM(hash, bytes("48a8997da407876b3d79c0d92325ad3b89cbb754d86ab71aee047ad345fd2c49", NULL), 32);
	blake2s_init(&all, 32, NULL, 0);
	for (size_t len = 0; len < sizeof(in); len++) {
		blake2s(hash, 32, in, len, key, 32);
		blake2s_update(&all, hash, 32);
	}
	blake2s_final(&all, hash);
	CHECK_MEM(hash, bytes("2582f7b18a91f66ef22aa9455384ada69b2590306a6470ee8588df75ee982f02", NULL), 32);
}

TEST(blake2s_does_not_care_how_input_is_cut)
{
	uint8_t in[200], whole[32], pieces[32];

	fill(in, sizeof(in), 1);
	blake2s(whole, 32, in, sizeof(in), NULL, 0);
	for (size_t step = 1; step <= 130; step++) {
		struct blake2s state;

		blake2s_init(&state, 32, NULL, 0);
		for (size_t at = 0; at < sizeof(in); at += step)
			blake2s_update(&state, in + at, sizeof(in) - at < step ? sizeof(in) - at : step);
		blake2s_update(&state, NULL, 0);
		blake2s_final(&state, pieces);
		CHECK_MEM(pieces, whole, 32);
		for (size_t i = 0; i < sizeof(state); i++)
			CHECK_INT(((uint8_t *)&state)[i], 0);
	}
}

/* --- HMAC and KDF --- */

TEST(hmac_blake2s_agrees_with_python)
{
	/* hmac.new(key, data, hashlib.blake2s) of Python 3.11: key 00 01 02.., data 00 03 06.. */
	static const struct {
		size_t key_len, len;
		const char *answer;
	} rows[] = {
	{ 0, 0, "eaf4bb25938f4d20e72656bbbc7a9bf63c0c18537333c35bdb67db1402661acd" },
	{ 32, 0, "e2641d24dfa8dd89e8cb77f1cdc77d8c006e5bebdfc4d6a3a3a6f8d5b7586fb0" },
	{ 32, 32, "1b42cf4706805bf7c3b19105bf9053e966964be388df1e9a99a8f6abdeca7c4e" },
	{ 64, 100, "6f9a4b7a7cd9652e932e5fb6eaa4895f91299fe756e1a761731d25e0aaafdb41" },
	{ 65, 200, "af817d37dab04770ff64c464832bc88b8f10a2ace2935930d8a840f8e8f51968" },
	{ 128, 64, "0dce99251941f1e6887a4f036e693631d36e8798fca1ba9d2978328d4feeb701" },
	};
	uint8_t key[128], data[200], out[BLAKE2S_HASH_LEN];

	ascend(key, sizeof(key), 0);
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(3 * i);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		hmac_blake2s(out, rows[i].key_len ? key : NULL, rows[i].key_len, rows[i].len ? data : NULL,
			     rows[i].len);
		CHECK_MEM(out, bytes(rows[i].answer, NULL), sizeof(out));
	}
}

TEST(kdf_derives_one_two_or_three_keys)
{
	/* WireGuard paper 5.4 with Python's hmac and hashlib: chaining key 00..1f, input empty or 64..83 */
	static const char empty[] =
		"7a38c34bf2b8738d7374ca77c44ecb309a11d2b2528304fa86052c365e7226241a17621f346abdc520746a9f"
	"b64d8eb03231d674fc15687537b0780fd9c060fd4eaf02809ac4b930ef63479de62275f1c55656e61f78a3cc"
	"653c18a2223d6c5f";
	static const char full[] =
		"e3b7e038799447459d13f6cc03b71555c0b32ee93354ebe4526ec98bc53b20a4ca06d8e46b509266c7c05948"
	"05ffb9c256348a33c642381348f047e452d239e25ee952936bec1473c13db1cc92b8d8ba5ad2df7c77f07478"
	"731d48aa5530a000";
	uint8_t chain[32], input[32], out[3][32];

	ascend(chain, sizeof(chain), 0);
	ascend(input, sizeof(input), 100);
	kdf(out[0], out[1], out[2], chain, NULL, 0);
	CHECK_MEM(out, bytes(empty, NULL), 96);
	memset(out, 0, sizeof(out));
	kdf(out[0], out[1], NULL, chain, input, sizeof(input));
	CHECK_MEM(out, bytes(full, NULL), 64);
	CHECK(key_is_zero(out[2]));
	memset(out, 0, sizeof(out));
	kdf(out[0], NULL, NULL, chain, input, sizeof(input));
	CHECK_MEM(out, bytes(full, NULL), 32);
	CHECK(key_is_zero(out[1]));
	kdf(chain, out[1], out[2], chain, input, sizeof(input)); /* in place, as a handshake does */
	CHECK_MEM(chain, bytes(full, NULL), 32);
	CHECK_MEM(out[1], bytes(full, NULL) + 32, 64);
}

/* --- X25519 --- */

TEST(x25519_multiplies_as_its_rfc)
{
	/* RFC 7748 5.2 */
	static const char *const rows[][3] = {
		{ "a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4",
		  "e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c",
		  "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552" },
		{ "4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d",
		  "e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493",
		  "95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957" },
	};
	uint8_t out[KEY_LEN];

	for (size_t i = 0; i < 2; i++) {
		CHECK(x25519(out, bytes(rows[i][0], NULL), bytes(rows[i][1], NULL)));
		CHECK_MEM(out, bytes(rows[i][2], NULL), KEY_LEN);
	}
}

TEST(x25519_iterates_a_thousand_times)
{
	uint8_t k[KEY_LEN] = { 9 }, u[KEY_LEN] = { 9 }, out[KEY_LEN];

	/* RFC 7748 5.2 */
	for (unsigned i = 0; i < 1000; i++) {
		CHECK(x25519(out, k, u));
		memcpy(u, k, KEY_LEN);
		memcpy(k, out, KEY_LEN);
		if (i == 0)
			CHECK_MEM(k, bytes("422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079", NULL),
				  KEY_LEN);
	}
	CHECK_MEM(k, bytes("684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51", NULL), KEY_LEN);
}

TEST(x25519_both_sides_share_a_secret)
{
	/* RFC 7748 6.1 */
	const uint8_t *a = bytes("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a", NULL);
	const uint8_t *b = bytes("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb", NULL);
	const uint8_t *k = bytes("4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742", NULL);
	uint8_t a_public[KEY_LEN], b_public[KEY_LEN], shared[KEY_LEN];

	x25519_public(a_public, a);
	CHECK_MEM(a_public, bytes("8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a", NULL), KEY_LEN);
	x25519_public(b_public, b);
	CHECK_MEM(b_public, bytes("de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f", NULL), KEY_LEN);
	CHECK(x25519(shared, a, b_public));
	CHECK_MEM(shared, k, KEY_LEN);
	CHECK(x25519(shared, b, a_public));
	CHECK_MEM(shared, k, KEY_LEN);
}

TEST(x25519_refuses_points_of_small_order)
{
	/* https://cr.yp.to/ecdh.html: 0, 1, two of order 8, p - 1, p, p + 1; 0 and 1 with the ignored bit set */
	static const char *const points[] = {
		"0000000000000000000000000000000000000000000000000000000000000000",
		"0100000000000000000000000000000000000000000000000000000000000000",
		"e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
		"5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"0000000000000000000000000000000000000000000000000000000000000080",
		"0100000000000000000000000000000000000000000000000000000000000080",
	};
	uint8_t private_key[KEY_LEN], shared[KEY_LEN];

	fill(private_key, sizeof(private_key), 2);
	for (size_t i = 0; i < sizeof(points) / sizeof(points[0]); i++) {
		memset(shared, 0xaa, sizeof(shared));
		CHECK(!x25519(shared, private_key, bytes(points[i], NULL)));
		CHECK(key_is_zero(shared));
		CHECK(x25519_is_small_order(bytes(points[i], NULL)));
	}
	/* The controls: a base point, and one beside such a point. */
	CHECK(!x25519_is_small_order(bytes("0900000000000000000000000000000000000000000000000000000000000000", NULL)));
	CHECK(!x25519_is_small_order(bytes("effffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", NULL)));
}

TEST(x25519_clamps_without_changing_the_key)
{
	uint8_t key[KEY_LEN], clamped[KEY_LEN], a[KEY_LEN], b[KEY_LEN];

	memset(key, 0xff, sizeof(key));
	memcpy(clamped, key, sizeof(key));
	x25519_clamp(clamped);
	CHECK_INT(clamped[0], 0xf8);
	CHECK_INT(clamped[31], 0x7f);
	x25519_public(a, key);
	x25519_public(b, clamped);
	CHECK_MEM(a, b, KEY_LEN);
	CHECK_INT(key[0], 0xff);
}

/* --- keys --- */

TEST(key_survives_base64)
{
	uint8_t key[KEY_LEN], again[KEY_LEN];
	char text[KEY_BASE64_LEN];

	for (unsigned i = 0; i < 1000; i++) {
		fill(key, sizeof(key), i);
		key_to_base64(key, text);
		CHECK_INT(strlen(text), KEY_BASE64_LEN - 1);
		CHECK_INT(key_from_base64(text, KEY_BASE64_LEN - 1, again), 0);
		CHECK_MEM(again, key, KEY_LEN);
	}
	memset(key, 0, sizeof(key));
	key_to_base64(key, text);
	CHECK_STR(text, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
	memset(key, 0xff, sizeof(key));
	key_to_base64(key, text);
	CHECK_STR(text, "//////////////////////////////////////////8=");
	ascend(key, sizeof(key), 0);
	key_to_base64(key, text);
	CHECK_STR(text, "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="); /* base64(1) */
}

TEST(key_refuses_what_is_not_base64_of_32_bytes)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	char text[KEY_BASE64_LEN + 1] = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
	uint8_t key[KEY_LEN];

	for (unsigned c = 0; c < 256; c++) {
		for (size_t at = 0; at < 42; at += 6) { /* the digit there has padding bits */
			char kept = text[at];
			bool good = c && strchr(digits, (int)c);

			text[at] = (char)c;
			memset(key, 0xaa, sizeof(key));
			CHECK_INT(key_from_base64(text, KEY_BASE64_LEN - 1, key), good ? 0 : -EINVAL);
			CHECK(good || key_is_zero(key) || key[0] == 0xaa);
			text[at] = kept;
		}
	}
	/* only each fourth digit has its padding bits clear */
	for (size_t i = 0; i < 64; i++) {
		text[42] = digits[i];
		CHECK_INT(key_from_base64(text, KEY_BASE64_LEN - 1, key), i % 4 ? -EINVAL : 0);
	}
	text[42] = '8';
	CHECK_INT(key_from_base64(text, KEY_BASE64_LEN - 2, key), -EINVAL);
	CHECK_INT(key_from_base64(text, KEY_BASE64_LEN, key), -EINVAL);
	CHECK_INT(key_from_base64(text, 0, key), -EINVAL);
	text[43] = 'A';
	CHECK_INT(key_from_base64(text, KEY_BASE64_LEN - 1, key), -EINVAL);
}

TEST(ct_equal_sees_each_bit)
{
	uint8_t a[40], b[40];

	fill(a, sizeof(a), 3);
	for (size_t bit = 0; bit < 8 * sizeof(a); bit++) {
		memcpy(b, a, sizeof(a));
		CHECK(ct_equal(a, b, sizeof(a)));
		b[bit / 8] ^= (uint8_t)(1 << bit % 8);
		CHECK(!ct_equal(a, b, sizeof(a)));
		CHECK(ct_equal(a, b, bit / 8));
	}
}

TEST(random_bytes_differ)
{
	uint8_t a[32] = { 0 }, b[32] = { 0 };

	CHECK_INT(random_bytes(a, sizeof(a)), 0);
	CHECK_INT(random_bytes(b, sizeof(b)), 0);
	CHECK(!ct_equal(a, b, sizeof(a)));
}

/* --- AEAD --- */

static const char sunscreen[] = "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the "
				"future, sunscreen would be it.";

/* The NULL-terminated back ends that run here. */
static const struct aead_impl *const *back_ends(void)
{
	static const struct aead_impl *list[4];

	list[0] = &aead_bearssl;
	list[1] = aead_avx2();
	list[list[1] ? 2 : 1] = aead_avx512();
	return list;
}

TEST(aead_seals_the_sunscreen)
{
	/* RFC 8439 2.8.2 */
	const uint8_t *nonce = bytes("070000004041424344454647", NULL), *ad = bytes("50515253c0c1c2c3c4c5c6c7", NULL);
	size_t sealed_len;
	const uint8_t *sealed = bytes(
	"d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d63dbea45e8ca9671282fafb69"
	"da92728b1a71de0a9e060b2905d6a5b67ecd3b3692ddbd7f2d778b8c9803aee328091b58fab324e4fad67594"
	"5585808b4831d7bc3ff4def08e4b7a9de576d26586cec64b61161ae10b594f09e26a7e902ecbd0600691", &sealed_len);
	uint8_t key[AEAD_KEY_LEN], out[HEX_MAX], back[HEX_MAX];

	ascend(key, sizeof(key), 0x80);
	for (const struct aead_impl *const *impl = back_ends(); *impl; impl++) {
		(*impl)->seal(out, (const uint8_t *)sunscreen, strlen(sunscreen), ad, 12, nonce, key);
		CHECK_MEM(out, sealed, sealed_len);
		CHECK((*impl)->open(back, out, strlen(sunscreen), ad, 12, nonce, key));
		CHECK_MEM(back, sunscreen, strlen(sunscreen));
	}
}

TEST(aead_opens_the_draft)
{
	/* RFC 8439 A.5; its nonce is of WireGuard's shape */
	const uint8_t *key = bytes("1c9240a5eb55d38af333888604f6b5f0473917c1402b80099dca5cbc207075c0", NULL);
	const uint8_t *ad = bytes("f33388860000000000004e91", NULL);
	const uint8_t *nonce = bytes("000000000102030405060708", NULL);
	size_t len;
	const uint8_t *sealed = bytes(
	"64a0861575861af460f062c79be643bd5e805cfd345cf389f108670ac76c8cb24c6cfc18755d43eea09ee94e"
	"382d26b0bdb7b73c321b0100d4f03b7f355894cf332f830e710b97ce98c8a84abd0b948114ad176e008d33bd"
	"60f982b1ff37c8559797a06ef4f0ef61c186324e2b3506383606907b6a7c02b0f9f6157b53c867e4b9166c76"
	"7b804d46a59b5216cde7a4e99040c5a40433225ee282a1b0a06c523eaf4534d7f83fa1155b0047718cbc546a"
	"0d072b04b3564eea1b422273f548271a0bb2316053fa76991955ebd63159434ecebb4e466dae5a1073a67276"
	"27097a1049e617d91d361094fa68f0ff77987130305beaba2eda04df997b714d6c6f2c29a6ad5cb4022b0270"
	"9beead9d67890cbb22392336fea1851f38", NULL);
	const uint8_t *plain = bytes(
	"496e7465726e65742d4472616674732061726520647261667420646f63756d656e74732076616c696420666f"
	"722061206d6178696d756d206f6620736978206d6f6e74687320616e64206d61792062652075706461746564"
	"2c207265706c616365642c206f72206f62736f6c65746564206279206f7468657220646f63756d656e747320"
	"617420616e792074696d652e20497420697320696e617070726f70726961746520746f2075736520496e7465"
	"726e65742d447261667473206173207265666572656e6365206d6174657269616c206f7220746f2063697465"
	"207468656d206f74686572207468616e206173202fe2809c776f726b20696e2070726f67726573732e2fe280"
	"9d", &len);
	uint8_t out[HEX_MAX];

	for (const struct aead_impl *const *impl = back_ends(); *impl; impl++) {
		CHECK((*impl)->open(out, sealed, len, ad, 12, nonce, key));
		CHECK_MEM(out, plain, len);
	}
	CHECK(aead_open(out, sealed, len, ad, 12, UINT64_C(0x0807060504030201), key));
	CHECK_MEM(out, plain, len);
	aead_seal(out, plain, len, ad, 12, UINT64_C(0x0807060504030201), key);
	CHECK_MEM(out, sealed, len + AEAD_TAG_LEN);
}

TEST(aead_counter_is_little_endian_behind_four_zeros)
{
	static const uint64_t counters[] = {
		0, 1, UINT32_MAX - 1, UINT32_MAX, UINT64_C(1) << 32, (UINT64_C(1) << 32) + 1, UINT64_MAX - 2,
		UINT64_MAX - 1, UINT64_MAX,
	};
	uint8_t key[AEAD_KEY_LEN], plain[600], out[600 + AEAD_TAG_LEN], expected[600 + AEAD_TAG_LEN];

	fill(key, sizeof(key), 4);
	fill(plain, sizeof(plain), 5);
	for (size_t i = 0; i < sizeof(counters) / sizeof(counters[0]); i++) {
		uint8_t nonce[AEAD_NONCE_LEN] = { 0 };

		for (unsigned j = 0; j < 8; j++)
			nonce[4 + j] = (uint8_t)(counters[i] >> 8 * j);
		aead_bearssl.seal(expected, plain, sizeof(plain), NULL, 0, nonce, key);
		aead_seal(out, plain, sizeof(plain), NULL, 0, counters[i], key);
		CHECK_MEM(out, expected, sizeof(out));
		CHECK(!aead_open(out, expected, sizeof(plain), NULL, 0, counters[i] + 1, key));
		CHECK(aead_open(out, expected, sizeof(plain), NULL, 0, counters[i], key));
		CHECK_MEM(out, plain, sizeof(plain));
	}
}

TEST(aead_takes_the_fastest_that_runs_here)
{
	const char *fastest = aead_avx512() ? "avx512" : aead_avx2() ? "avx2" : "bearssl", *named = getenv("GATEWAY_AEAD");

	CHECK_STR(aead_name(), named ? named : fastest);
}

TEST(hchacha20_agrees_with_its_draft)
{
	/* draft-irtf-cfrg-xchacha-03 2.2.1 */
	uint8_t key[AEAD_KEY_LEN], out[AEAD_KEY_LEN];

	ascend(key, sizeof(key), 0);
	hchacha20(out, bytes("000000090000004a0000000031415927", NULL), key);
	CHECK_MEM(out, bytes("82413b4227b27bfed30e42508a877d73a0f9e4d58a74a853c12ec41326d3ecdc", NULL), sizeof(out));
}

TEST(xaead_seals_the_sunscreen)
{
	/* draft-irtf-cfrg-xchacha-03 A.3 */
	const uint8_t *ad = bytes("50515253c0c1c2c3c4c5c6c7", NULL);
	size_t sealed_len;
	const uint8_t *sealed = bytes(
	"bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb731c7f1b0b4aa6440bf3a82f"
	"4eda7e39ae64c6708c54c216cb96b72e1213b4522f8c9ba40db5d945b11b69b982c1bb9e3f3fac2bc369488f"
	"76b2383565d3fff921f9664c97637da9768812f615c68b13b52ec0875924c1c7987947deafd8780acf49", &sealed_len);
	uint8_t key[AEAD_KEY_LEN], nonce[XAEAD_NONCE_LEN], out[HEX_MAX];

	ascend(key, sizeof(key), 0x80);
	ascend(nonce, sizeof(nonce), 0x40);
	xaead_seal(out, (const uint8_t *)sunscreen, strlen(sunscreen), ad, 12, nonce, key);
	CHECK_MEM(out, sealed, sealed_len);
	for (size_t bit = 0; bit < 8 * sizeof(nonce); bit++) {
		uint8_t wrong[XAEAD_NONCE_LEN], nothing[HEX_MAX];

		memcpy(wrong, nonce, sizeof(nonce));
		wrong[bit / 8] ^= (uint8_t)(1 << bit % 8);
		CHECK(!xaead_open(nothing, sealed, strlen(sunscreen), ad, 12, wrong, key));
	}
	CHECK(xaead_open(out, out, strlen(sunscreen), ad, 12, nonce, key));
	CHECK_MEM(out, sunscreen, strlen(sunscreen));
}

/* --- AVX2 against BearSSL; each passes where there is no AVX2 --- */

static uint8_t plain[LEN_MAX], judged[LEN_MAX + AEAD_TAG_LEN];
static uint8_t room_a[LEN_MAX + AEAD_TAG_LEN + MARGINS], room_b[LEN_MAX + AEAD_TAG_LEN + MARGINS];

static bool guarded(const uint8_t *p, size_t len)
{
	for (size_t i = 0; i < GUARD; i++)
		if (*(p - GUARD + i) != 0x5a || p[len + i] != 0x5a)
			return false;
	return true;
}

/* Sealed and opened by both, at the given distances from alignment: same bytes, and not one outside. */
static bool agree(const struct aead_impl *avx2, size_t len, size_t ad_len, size_t src_off, size_t dst_off)
{
	uint8_t key[AEAD_KEY_LEN], nonce[AEAD_NONCE_LEN], ad[64];
	uint8_t *src = room_a + GUARD + src_off, *dst = room_b + GUARD + dst_off;
	size_t sealed_len = len + AEAD_TAG_LEN;

	fill(key, sizeof(key), len + 1);
	fill(nonce, sizeof(nonce), ad_len + 2);
	fill(ad, sizeof(ad), 3);
	aead_bearssl.seal(judged, plain, len, ad, ad_len, nonce, key);
	memset(room_a, 0x5a, sealed_len + MARGINS);
	memset(room_b, 0x5a, sealed_len + MARGINS);

	memcpy(src, plain, len);
	avx2->seal(dst, src, len, ad, ad_len, nonce, key);
	if (memcmp(dst, judged, sealed_len) != 0 || memcmp(src, plain, len) != 0 || !guarded(dst, sealed_len))
		return false;
	memset(src, 0x5a, len);
	if (!avx2->open(src, dst, len, ad, ad_len, nonce, key) || memcmp(src, plain, len) != 0 ||
	    memcmp(dst, judged, sealed_len) != 0 || !guarded(src, len))
		return false;

	avx2->seal(src, src, len, ad, ad_len, nonce, key);
	if (memcmp(src, judged, sealed_len) != 0 || !guarded(src, sealed_len))
		return false;
	return avx2->open(src, src, len, ad, ad_len, nonce, key) && memcmp(src, plain, len) == 0 &&
	       guarded(src, sealed_len) && aead_bearssl.open(dst, judged, len, ad, ad_len, nonce, key) &&
	       memcmp(dst, plain, len) == 0;
}

TEST(aead_back_ends_agree_at_every_length)
{
	const struct aead_impl *avx2 = aead_avx2();

	fill(plain, sizeof(plain), 6);
	for (size_t len = 0; avx2 && len <= 2048; len++) {
		CHECK(agree(avx2, len, 0, 0, 0));
		if (len % 16 < 2)
			CHECK(agree(avx2, len, 12, 0, 0) && agree(avx2, len, 32, 0, 0));
	}
	for (size_t ad_len = 0; avx2 && ad_len <= 64; ad_len++)
		CHECK(agree(avx2, 100, ad_len, 0, 0));
}

TEST(aead_back_ends_agree_at_every_alignment)
{
	static const uint16_t lens[] = { 0, 77, 448, 1420 };
	const struct aead_impl *avx2 = aead_avx2();

	fill(plain, sizeof(plain), 7);
	for (size_t i = 0; avx2 && i < sizeof(lens) / sizeof(lens[0]); i++)
		for (size_t src_off = 0; src_off < 32; src_off++)
			for (size_t dst_off = 0; dst_off < 32; dst_off++)
				CHECK(agree(avx2, lens[i], 0, src_off, dst_off));
}

TEST(aead_back_ends_agree_at_large_lengths)
{
	static const uint16_t lens[] = { 4095,	4096,  8192,  9001,  16383, 16384,
					 32768, 61600, 63888, 65520, 65534, LEN_MAX };
	const struct aead_impl *avx2 = aead_avx2();

	fill(plain, sizeof(plain), 8);
	for (size_t i = 0; avx2 && i < sizeof(lens) / sizeof(lens[0]); i++)
		CHECK(agree(avx2, lens[i], i, i, 31 - i));
}

TEST(aead_back_ends_agree_on_extreme_bytes)
{
	/* long carries: all ones, all zeros */
	const struct aead_impl *avx2 = aead_avx2();

	for (unsigned value = 0; value < 256; value += 255) {
		memset(plain, (int)value, sizeof(plain));
		for (size_t len = 0; avx2 && len < 1500; len += 13)
			CHECK(agree(avx2, len, 32, 0, 0));
	}
}

static bool all_zero(const uint8_t *p, size_t len)
{
	uint8_t any = 0;

	for (size_t i = 0; i < len; i++)
		any |= p[i];
	return !any;
}

/* Opening fails and leaves zeros, in place and elsewhere; src is whole and stays so. */
static bool refused(const struct aead_impl *impl, const uint8_t *src, size_t len, const uint8_t *ad, size_t ad_len,
		    const uint8_t *nonce, const uint8_t *key)
{
	memset(room_b, 0x5a, len + MARGINS);
	if (impl->open(room_b + GUARD, src, len, ad, ad_len, nonce, key) || !all_zero(room_b + GUARD, len) ||
	    !guarded(room_b + GUARD, len))
		return false;
	memcpy(room_b, src, len + AEAD_TAG_LEN);
	return !impl->open(room_b, room_b, len, ad, ad_len, nonce, key) && all_zero(room_b, len) &&
	       memcmp(room_b + len, src + len, AEAD_TAG_LEN) == 0;
}

TEST(aead_refuses_each_wrong_bit_and_wipes)
{
	static const uint16_t lens[] = { 0, 1, 16, 64, 447, 449, 961, 1420 };
	uint8_t key[AEAD_KEY_LEN], nonce[AEAD_NONCE_LEN], ad[12];

	fill(plain, sizeof(plain), 9);
	fill(key, sizeof(key), 10);
	fill(nonce, sizeof(nonce), 11);
	fill(ad, sizeof(ad), 12);
	for (const struct aead_impl *const *impl = back_ends(); *impl; impl++) {
		for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
			size_t len = lens[i];

			(*impl)->seal(judged, plain, len, ad, sizeof(ad), nonce, key);
			for (size_t bit = 0; bit < 8 * (size_t)AEAD_TAG_LEN; bit++) {
				judged[len + bit / 8] ^= (uint8_t)(1 << bit % 8);
				CHECK(refused(*impl, judged, len, ad, sizeof(ad), nonce, key));
				judged[len + bit / 8] ^= (uint8_t)(1 << bit % 8);
			}
			for (size_t at = 0; at < len; at += 1 + at / 16) {
				judged[at] ^= (uint8_t)(1 << at % 8);
				CHECK(refused(*impl, judged, len, ad, sizeof(ad), nonce, key));
				judged[at] ^= (uint8_t)(1 << at % 8);
			}
			for (size_t bit = 0; bit < 8 * sizeof(ad); bit++) {
				ad[bit / 8] ^= (uint8_t)(1 << bit % 8);
				CHECK(refused(*impl, judged, len, ad, sizeof(ad), nonce, key));
				ad[bit / 8] ^= (uint8_t)(1 << bit % 8);
			}
			CHECK(refused(*impl, judged, len, ad, sizeof(ad) - 1, nonce, key));
			CHECK(refused(*impl, judged, len, NULL, 0, nonce, key));
			if (len > 16)
				CHECK(refused(*impl, judged, len - 16, ad, sizeof(ad), nonce, key));
			key[31] ^= 1;
			CHECK(refused(*impl, judged, len, ad, sizeof(ad), nonce, key));
			key[31] ^= 1;
			CHECK((*impl)->open(room_b, judged, len, ad, sizeof(ad), nonce, key));
			CHECK_MEM(room_b, plain, len);
		}
	}
}

/* --- what stays on the stack --- */

enum { STACK_LEN = 128 << 10 };

static _Alignas(4096) uint8_t stack[STACK_LEN];
static uint8_t snapshots[2][STACK_LEN], *snapshot, secret[32], at_work[1420 + AEAD_TAG_LEN];
static uint8_t many_at_work[7][6000];
static struct aead_job jobs_at_work[7];
static size_t used_from;
static const struct aead_impl *under_test;

static void seal_and_open(void)
{
	static const uint8_t nonce[AEAD_NONCE_LEN];

	under_test->seal(at_work, at_work, sizeof(at_work) - AEAD_TAG_LEN, plain, 20, nonce, secret);
	under_test->open(at_work, at_work, sizeof(at_work) - AEAD_TAG_LEN, plain, 20, nonce, secret);
	if (!under_test->seal_many)
		return;
	for (size_t count = 1; count <= sizeof(jobs_at_work) / sizeof(jobs_at_work[0]); count += 6) {
		for (size_t i = 0; i < count; i++)
			jobs_at_work[i] = (struct aead_job){ .bytes = many_at_work[i], .len = 100 * (i + 8 * (count - 1)), .key = secret };
		under_test->seal_many(jobs_at_work, count);
		under_test->open_many(jobs_at_work, count);
		many_at_work[0][1] ^= 1;
		under_test->open_many(jobs_at_work, count);
	}
}

static void hash_and_derive(void)
{
	kdf(at_work, at_work + 32, at_work + 64, secret, secret, sizeof(secret));
	hchacha20(at_work, plain, secret);
	blake2s(at_work, 32, plain, 100, secret, sizeof(secret));
}

static void multiply(void)
{
	x25519_public(at_work, secret);
}

static void (*work_under_test)(void);

static void *on_stack(void *unused)
{
	(void)unused;
	used_from = (size_t)((uint8_t *)__builtin_frame_address(0) - stack);
	work_under_test();
	memcpy(snapshot, stack, STACK_LEN);
	return NULL;
}

/* Runs work twice, with two keys and nothing else different: how many bytes of the stack below differ, or -1. */
static int stack_bytes_that_tell(void (*work)(void))
{
	int differ = 0;

	work_under_test = work;
	for (unsigned pass = 0; pass < 2; pass++) {
		pthread_attr_t attr;
		pthread_t thread;

		snapshot = snapshots[pass];
		memset(stack, 0, STACK_LEN);
		fill(secret, sizeof(secret), pass);
		memset(at_work, 0, sizeof(at_work));
		memset(many_at_work, 0, sizeof(many_at_work));
		pthread_attr_init(&attr);
		pthread_attr_setstack(&attr, stack, STACK_LEN);
		if (pthread_create(&thread, &attr, on_stack, NULL) != 0)
			return -1;
		pthread_join(thread, NULL);
		pthread_attr_destroy(&attr);
	}
	if (used_from >= STACK_LEN)
		return -1;
	for (size_t i = 0; i < used_from; i++)
		differ += snapshots[0][i] != snapshots[1][i];
	return differ;
}

/* A sanitizer has frames of its own shape and need not be held to this. */
#if defined(__SANITIZE_ADDRESS__) /* gcc's way to say it */
enum { FRAMES_ARE_OURS = false };
#elif defined(__has_feature) /* clang's */
enum { FRAMES_ARE_OURS = !__has_feature(address_sanitizer) };
#else
enum { FRAMES_ARE_OURS = true };
#endif

TEST(aead_leaves_no_secret_on_the_stack)
{
	if (!FRAMES_ARE_OURS)
		SKIP("the frames are a sanitizer's");
	for (const struct aead_impl *const *impl = back_ends(); *impl; impl++) {
		under_test = *impl;
		CHECK_INT(stack_bytes_that_tell(seal_and_open), 0);
	}
}

TEST(handshake_leaves_no_secret_on_the_stack)
{
	if (!FRAMES_ARE_OURS)
		SKIP("the frames are a sanitizer's");
	CHECK_INT(stack_bytes_that_tell(hash_and_derive), 0);
	CHECK_INT(stack_bytes_that_tell(multiply), 0);
}

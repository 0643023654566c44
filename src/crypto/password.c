#include "crypto/password.h"

#include <errno.h>
#include <stdlib.h>

#include <sodium/core.h>
#include <sodium/crypto_pwhash_argon2id.h>
#include <sodium/randombytes.h>
#include <sodium/utils.h>

#include "base/text.h"
#include "crypto/key.h"
#include "crypto/random.h"

/* RFC 9106 4: three passes where memory is short. */
enum { PASSES = 3, MEMORY = 16 << 20 };
/* Of a hash that another version of the firmware made. */
enum { PASSES_MAX = 16, MEMORY_MAX_KIB = 64 << 10, MEMORY_MIN_KIB = 8 };
enum { SALT_LEN = crypto_pwhash_argon2id_SALTBYTES, SALT_BASE64_LEN = 22, TAG_LEN = 32, TAG_BASE64_LEN = 43 }; /* as libsodium writes them */

#define PREFIX "$argon2id$v=19$"

_Static_assert(PASSWORD_HASH_LEN == crypto_pwhash_argon2id_STRBYTES, "libsodium's length of such a text");
_Static_assert(SALT_LEN == 16, "what SALT_BASE64_LEN characters hold");

struct hash {
	uint64_t memory_kib, passes, lanes;
	uint8_t salt[SALT_LEN], tag[TAG_LEN];
};

/* Both are libsodium's to call, and stand with it in files that need more of the library. Misuse is a call that can do nothing. */
void sodium_misuse(void)
{
	abort();
}

void randombytes_buf(void *dst, size_t len)
{
	if (random_bytes(dst, len) < 0)
		abort();
}

int password_hash(const char *password, size_t len, char hash[static PASSWORD_HASH_LEN])
{
	errno = 0;
	if (!crypto_pwhash_argon2id_str(hash, password, len, PASSES, MEMORY))
		return 0;
	return errno ? -errno : -ENOMEM;
}

/* "m=16384,t=3,p=1" */
static bool read_parameters(struct slice rest, struct hash *hash)
{
	const struct {
		const char *name;
		uint64_t min, max, *value;
	} wanted[] = {
		{ "m", MEMORY_MIN_KIB, MEMORY_MAX_KIB, &hash->memory_kib },
		{ "t", 1, PASSES_MAX, &hash->passes },
		{ "p", 1, 1, &hash->lanes },
	};

	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		struct slice value, name;

		if (!slice_cut(&rest, ',', &value) || !slice_cut(&value, '=', &name) || !slice_equal(name, wanted[i].name) || !value.ptr ||
		    text_uint(value, wanted[i].max, wanted[i].value) < 0 || *wanted[i].value < wanted[i].min)
			return false;
	}
	return !rest.ptr;
}

static bool read_base64(struct slice text, size_t text_len, uint8_t *dst, size_t len)
{
	size_t read_len = 0;

	return text.len == text_len &&
	       !sodium_base642bin(dst, len, text.ptr, text.len, NULL, &read_len, NULL, sodium_base64_VARIANT_ORIGINAL_NO_PADDING) &&
	       read_len == len;
}

static bool read_hash(const char *text, struct hash *hash)
{
	struct slice rest = slice_of(text), parameters, salt;

	if (rest.len >= PASSWORD_HASH_LEN || !slice_starts(rest, PREFIX))
		return false;
	rest.ptr += sizeof(PREFIX) - 1;
	rest.len -= sizeof(PREFIX) - 1;
	return slice_cut(&rest, '$', &parameters) && read_parameters(parameters, hash) && slice_cut(&rest, '$', &salt) &&
	       read_base64(salt, SALT_BASE64_LEN, hash->salt, sizeof(hash->salt)) &&
	       read_base64(rest, TAG_BASE64_LEN, hash->tag, sizeof(hash->tag));
}

bool password_is_hash(const char *text)
{
	struct hash hash;

	return read_hash(text, &hash);
}

/* By the raw hash: libsodium's own verification says of memory that it cannot have that the password is another one. */
int password_verify(const char *text, const char *password, size_t len)
{
	uint8_t tag[TAG_LEN];
	struct hash hash;
	bool same;

	if (!read_hash(text, &hash))
		return -EBADMSG;
	errno = 0;
	if (crypto_pwhash_argon2id(tag, sizeof(tag), password, len, hash.salt, hash.passes, (size_t)hash.memory_kib << 10,
				   crypto_pwhash_argon2id_ALG_ARGON2ID13))
		return errno ? -errno : -ENOMEM;
	same = ct_equal(tag, hash.tag, sizeof(tag));
	wipe(tag, sizeof(tag));
	return same ? 0 : -EACCES;
}

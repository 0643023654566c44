#include "crypto/password.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <sodium/core.h>
#include <sodium/crypto_pwhash_argon2id.h>
#include <sodium/randombytes.h>

#include "base/text.h"
#include "crypto/random.h"

/* RFC 9106 4: three passes where memory is short. */
enum { PASSES = 3, MEMORY = 16 << 20 };
/* Of a hash that another version of the firmware made. */
enum { PASSES_MAX = 16, MEMORY_MAX_KIB = 64 << 10, MEMORY_MIN_KIB = 8 };
enum { SALT_BASE64_MIN = 11, TAG_BASE64_LEN = 43 }; /* of 8 bytes (RFC 9106 3.1), and of libsodium's 32 */

#define PREFIX "$argon2id$v=19$"

_Static_assert(PASSWORD_HASH_LEN == crypto_pwhash_argon2id_STRBYTES, "libsodium's length of such a text");

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

int password_verify(const char *hash, const char *password, size_t len)
{
	char whole[PASSWORD_HASH_LEN] = "";

	if (!password_is_hash(hash))
		return -EBADMSG;
	text_format(whole, sizeof(whole), "%s", hash);
	errno = 0;
	if (!crypto_pwhash_argon2id_str_verify(whole, password, len))
		return 0;
	return errno == EINVAL ? -EACCES : errno ? -errno : -ENOMEM;
}

/* "m=16384,t=3,p=1" */
static bool has_parameters(struct slice rest)
{
	static const struct {
		const char *name;
		uint64_t min, max;
	} wanted[] = { { "m", MEMORY_MIN_KIB, MEMORY_MAX_KIB }, { "t", 1, PASSES_MAX }, { "p", 1, 1 } };

	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		struct slice value, name;
		uint64_t number;

		if (!slice_cut(&rest, ',', &value) || !slice_cut(&value, '=', &name) || !slice_equal(name, wanted[i].name) || !value.ptr ||
		    text_uint(value, wanted[i].max, &number) < 0 || number < wanted[i].min)
			return false;
	}
	return !rest.ptr;
}

static bool is_base64(struct slice text)
{
	for (size_t i = 0; i < text.len; i++)
		if (!strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", text.ptr[i]) || !text.ptr[i])
			return false;
	return text.len != 0;
}

bool password_is_hash(const char *text)
{
	struct slice rest = slice_of(text), parameters, salt;

	if (rest.len >= PASSWORD_HASH_LEN || !slice_starts(rest, PREFIX))
		return false;
	rest.ptr += sizeof(PREFIX) - 1;
	rest.len -= sizeof(PREFIX) - 1;
	return slice_cut(&rest, '$', &parameters) && has_parameters(parameters) && slice_cut(&rest, '$', &salt) && salt.len >= SALT_BASE64_MIN &&
	       is_base64(salt) && rest.len == TAG_BASE64_LEN && is_base64(rest);
}

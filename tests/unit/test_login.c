/* console/delay and crypto/password: what stands between a console and who types at it. */
#include "console/delay.h"

#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "crypto/password.h"
#include "test.h"

TEST(delay_grows_by_a_second_for_each_wrong_password_up_to_a_minute)
{
	struct delay delay = { 0 };
	uint64_t now_ns = 5 * NS_PER_S;

	CHECK(!delay_due_ns(&delay));
	for (unsigned i = 1; i <= 200; i++) {
		delay_wrong(&delay, now_ns);
		CHECK(delay_due_ns(&delay) == now_ns + (i < DELAY_MAX_S ? i : DELAY_MAX_S) * NS_PER_S);
		now_ns = delay_due_ns(&delay);
	}
}

TEST(delay_is_read_as_it_was_written_and_what_is_none_costs_nothing)
{
	static const char *const none[] = { "", "x", "3", "3 x", "-1 5", "99999999999 5" };
	struct delay delay = { 7, 123456789 }, again;
	char text[DELAY_TEXT_LEN];

	delay_write(&delay, text);
	delay_read(&again, slice_of(text));
	CHECK(again.wrong == 7 && again.last_ns == 123456789);
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		delay_read(&again, slice_of(none[i]));
		CHECK(!again.wrong && !delay_due_ns(&again));
	}
}

TEST(password_is_known_by_its_hash_alone)
{
	char hash[PASSWORD_HASH_LEN], other[PASSWORD_HASH_LEN];

	CHECK(!password_hash("correct horse", 13, hash) && !password_hash("correct horse", 13, other));
	CHECK(!strncmp(hash, "$argon2id$v=19$m=16384,t=3,p=1$", 31) && strcmp(hash, other) != 0);
	CHECK(password_is_hash(hash));
	CHECK(!password_verify(hash, "correct horse", 13));
	CHECK(password_verify(hash, "correct horsf", 13) == -EACCES);
	CHECK(password_verify(hash, "", 0) == -EACCES);
	CHECK(password_verify("$argon2id$", "correct horse", 13) == -EBADMSG);
}

/* Of phc-winner-argon2's test.c: password "password", salt "somesalt", 256 KiB, 2 passes. */
TEST(password_hash_is_argon2id_as_others_make_it)
{
	CHECK(!password_verify("$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4", "password", 8));
	CHECK(password_verify("$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4", "passwore", 8) == -EACCES);
}

#define TAG "nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4"

TEST(password_file_with_anything_else_is_no_hash)
{
	static const char *const wrong[] = {
		"",
		"x",
		"$argon2id$v=19$",
		"$argon2i$v=19$m=256,t=2,p=1$c29tZXNhbHQ$" TAG,
		"$argon2id$v=18$m=256,t=2,p=1$c29tZXNhbHQ$" TAG,
		"$argon2id$v=19$m=4194304,t=2,p=1$c29tZXNhbHQ$" TAG,
		"$argon2id$v=19$m=256,t=2000000,p=1$c29tZXNhbHQ$" TAG,
		"$argon2id$v=19$m=256,t=2,p=4$c29tZXNhbHQ$" TAG,
		"$argon2id$v=19$m=256,t=2,p=1,x=1$c29tZXNhbHQ$" TAG,
		"$argon2id$v=19$m=256,t=2$c29tZXNhbHQ$" TAG,
		"$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ",
		"$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$",
		"$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgL", /* cut off: nothing would be it */
		"$argon2id$v=19$m=256,t=2,p=1$c29tZXNh$" TAG,
		"$argon2id$v=19$m=256,t=2,p=1$c29t ZXNhbHQ$" TAG,
	};

	CHECK(password_is_hash("$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$" TAG));
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		CHECK(!password_is_hash(wrong[i]));
}

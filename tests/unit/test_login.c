/* console/delay and crypto/password: what stands between a console and who types at it. */
#include "console/delay.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
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

#define SALT "c29tZXNhbHRzb21lc2FsdA"
#define TAG "yrdGtGIZk/3JHsUHh5gLQUqQppLwvGjf4Z+cJbPLqew"

/* By phc-winner-argon2: `argon2 somesaltsomesalt -id -t 2 -k 256 -p 1 -l 32 -e` of "password". */
TEST(password_hash_is_argon2id_as_others_make_it)
{
	CHECK(!password_verify("$argon2id$v=19$m=256,t=2,p=1$" SALT "$" TAG, "password", 8));
	CHECK(password_verify("$argon2id$v=19$m=256,t=2,p=1$" SALT "$" TAG, "passwore", 8) == -EACCES);
}

/* What this process has by now, in bytes. */
static rlim_t memory_now(void)
{
	char text[128];
	struct slice rest = { text, 0 }, pages;
	ssize_t n = file_read(AT_FDCWD, "/proc/self/statm", text, sizeof(text));
	uint64_t count = 0;

	rest.len = n > 0 ? (size_t)n : 0;
	(void)(slice_word(&rest, &pages) && !text_uint(pages, UINT64_MAX, &count));
	return count * (uint64_t)sysconf(_SC_PAGESIZE);
}

/* In a process of its own, which gets less memory than that takes: the status it ends with. */
static int verify_without_memory(const char *password)
{
	pid_t pid = fork();
	int status = -1;

	if (!pid) {
		const struct rlimit little = { memory_now() + (16 << 20), memory_now() + (16 << 20) };
		int err = setrlimit(RLIMIT_AS, &little) < 0 ? 0
			  : password_verify("$argon2id$v=19$m=65536,t=2,p=1$" SALT "$" TAG, password, strlen(password));

		_exit(-err);
	}
	return waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(password_that_no_memory_is_there_for_is_not_a_wrong_one)
{
	CHECK_INT(verify_without_memory("password"), ENOMEM);
}

TEST(password_file_with_anything_else_is_no_hash)
{
	static const char *const wrong[] = {
		"",
		"x",
		"$argon2id$v=19$",
		"$argon2i$v=19$m=256,t=2,p=1$" SALT "$" TAG,
		"$argon2id$v=18$m=256,t=2,p=1$" SALT "$" TAG,
		"$argon2id$v=19$m=4194304,t=2,p=1$" SALT "$" TAG,
		"$argon2id$v=19$m=256,t=2000000,p=1$" SALT "$" TAG,
		"$argon2id$v=19$m=256,t=2,p=4$" SALT "$" TAG,
		"$argon2id$v=19$m=256,t=2,p=1,x=1$" SALT "$" TAG,
		"$argon2id$v=19$m=256,t=2$" SALT "$" TAG,
		"$argon2id$v=19$m=256,t=2,p=1$" SALT,
		"$argon2id$v=19$m=256,t=2,p=1$" SALT "$",
		"$argon2id$v=19$m=256,t=2,p=1$" SALT "$nf65EOgL", /* cut off: nothing would be it */
		"$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$" TAG, /* of 8 bytes */
		"$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHRzb21lc2FsdB$" TAG, /* ends in bits that are none */
		"$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHRz 21lc2FsdA$" TAG,
	};

	CHECK(password_is_hash("$argon2id$v=19$m=256,t=2,p=1$" SALT "$" TAG));
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		CHECK(!password_is_hash(wrong[i]));
}

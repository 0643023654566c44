/* A test is TEST(what_it_shows) { ... CHECK(...); }; it ends at its first failed check. What cannot be shown here says so by
 * SKIP("why"), and is not counted as shown. */
#ifndef TEST_H
#define TEST_H

#include <stdbool.h>
#include <stddef.h>

struct test {
	const char *name;
	void (*run)(void);
	struct test *next;
};

void test_register(struct test *test);
void test_skip(const char *why);
bool test_check(bool holds, const char *file, int line, const char *expr);
bool test_check_int(long long a, long long b, const char *file, int line, const char *expr);
bool test_check_str(const char *a, const char *b, const char *file, int line, const char *expr);
bool test_check_mem(const void *a, const void *b, size_t len, const char *file, int line, const char *expr);

#define TEST(name)                                                                   \
	static void test_##name(void);                                               \
	__attribute__((constructor)) static void test_register_##name(void)          \
	{                                                                            \
		static struct test test = { #name, test_##name, NULL };              \
		test_register(&test);                                                \
	}                                                                            \
	static void test_##name(void)

#define TEST_RETURN_UNLESS(call) \
	do {                     \
		if (!(call))     \
			return;  \
	} while (0)

#define SKIP(why)               \
	do {                    \
		test_skip(why); \
		return;         \
	} while (0)

#define CHECK(cond) TEST_RETURN_UNLESS(test_check((cond), __FILE__, __LINE__, #cond))
#define CHECK_INT(a, b) \
	TEST_RETURN_UNLESS(test_check_int((long long)(a), (long long)(b), __FILE__, __LINE__, #a " == " #b))
#define CHECK_STR(a, b) TEST_RETURN_UNLESS(test_check_str((a), (b), __FILE__, __LINE__, #a " == " #b))
#define CHECK_MEM(a, b, len) \
	TEST_RETURN_UNLESS(test_check_mem((a), (b), (len), __FILE__, __LINE__, #a " == " #b))

#endif

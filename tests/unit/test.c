/* unit SUITE [WORD]...: runs the tests whose name holds one of the words, or all. */
#include "test.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static struct test *first, **last = &first;
static char failure[2048];
static const char *skipped; /* why the running test shows nothing here; NULL: it does */

void test_register(struct test *test)
{
	*last = test;
	last = &test->next;
}

void test_skip(const char *why)
{
	skipped = why;
}

__attribute__((format(printf, 4, 5)))
static bool fail(const char *file, int line, const char *expr, const char *format, ...)
{
	if (failure[0])
		return false;
	int len = snprintf(failure, sizeof(failure), "%s:%d: %s", file, line, expr);
	if (len > 0 && (size_t)len < sizeof(failure)) {
		va_list args;
		va_start(args, format);
		(void)vsnprintf(failure + len, sizeof(failure) - (size_t)len, format, args);
		va_end(args);
	}
	for (char *c = failure; *c; c++)
		if (*c == '\n')
			*c = '|';
	return false;
}

bool test_check(bool holds, const char *file, int line, const char *expr)
{
	return holds || fail(file, line, expr, "%s", "");
}

bool test_check_int(long long a, long long b, const char *file, int line, const char *expr)
{
	return a == b || fail(file, line, expr, ": %lld is not %lld", a, b);
}

bool test_check_str(const char *a, const char *b, const char *file, int line, const char *expr)
{
	if (a && b && strcmp(a, b) == 0)
		return true;
	return fail(file, line, expr, ": \"%s\" is not \"%s\"", a ? a : "(null)", b ? b : "(null)");
}

bool test_check_mem(const void *a, const void *b, size_t len, const char *file, int line, const char *expr)
{
	const unsigned char *x = a, *y = b;

	for (size_t i = 0; i < len; i++)
		if (x[i] != y[i])
			return fail(file, line, expr, ": byte %zu is %02x, not %02x", i, x[i], y[i]);
	return true;
}

static bool wanted(const char *name, char **words)
{
	if (!*words)
		return true;
	for (; *words; words++)
		if (strstr(name, *words))
			return true;
	return false;
}

int main(int argc, char **argv)
{
	static char *none[1];
	const char *suite = argc > 1 ? argv[1] : "unit";
	int failed = 0;

	for (struct test *test = first; test; test = test->next) {
		if (!wanted(test->name, argc > 2 ? argv + 2 : none))
			continue;
		failure[0] = '\0';
		skipped = NULL;
		test->run();
		if (failure[0]) {
			printf("not ok %s %s: %s\n", suite, test->name, failure);
			failed++;
		} else if (skipped) {
			printf("skip %s %s: %s\n", suite, test->name, skipped);
		} else {
			printf("ok %s %s\n", suite, test->name);
		}
		(void)fflush(stdout);
	}
	return failed ? 1 : 0;
}

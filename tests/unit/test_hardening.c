/* The table of sysctls, on a tree that stands for /proc/sys; the stack of the target's binaries. */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "init/board.h"
#include "init/sysctls.h"

static char root[32];

static void tree_make(void)
{
	static const char *const dirs[] = { "kernel", "net", "net/ipv6", "net/ipv6/conf", "net/ipv6/conf/all",
					    "net/ipv6/conf/default", "net/ipv6/conf/eth0" };
	char path[128];

	text_format(root, sizeof(root), "/tmp/sysctls.XXXXXX");
	if (!mkdtemp(root))
		root[0] = '\0';
	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++) {
		text_format(path, sizeof(path), "%s/%s", root, dirs[i]);
		mkdir(path, 0700);
	}
}

static void tree_put(const char *name, const char *text)
{
	char path[128];
	FILE *file;

	text_format(path, sizeof(path), "%s/%s", root, name);
	file = fopen(path, "w");
	if (!file)
		return;
	(void)fputs(text, file);
	(void)fclose(file);
}

static const char *tree_get(const char *name)
{
	static char text[64];
	char path[128];

	text_format(path, sizeof(path), "%s/%s", root, name);
	if (file_read(AT_FDCWD, path, text, sizeof(text)) < 0)
		text_format(text, sizeof(text), "missing");
	text[strcspn(text, "\n")] = '\0';
	return text;
}

static void tree_remove(void)
{
	char command[64];

	text_format(command, sizeof(command), "rm -r %s", root);
	if (system(command) != 0)
		(void)fprintf(stderr, "%s is left\n", root);
}

TEST(sysctls_reach_every_interface_and_those_to_come)
{
	static const char *const nics[] = { "default", "all", "eth0" };
	char path[64], words[512];

	tree_make();
	for (size_t i = 0; i < 3; i++) {
		text_format(path, sizeof(path), "net/ipv6/conf/%s/accept_redirects", nics[i]);
		tree_put(path, "1\n");
	}
	CHECK_INT(sysctls_write(root, words, sizeof(words)), 0);
	for (size_t i = 0; i < 3; i++) {
		text_format(path, sizeof(path), "net/ipv6/conf/%s/accept_redirects", nics[i]);
		CHECK_STR(tree_get(path), "0");
	}
	tree_remove();
}

TEST(sysctl_that_the_kernel_lacks_is_told_and_no_failure)
{
	char words[512];

	tree_make();
	tree_put("kernel/dmesg_restrict", "0\n");
	CHECK_INT(sysctls_write(root, words, sizeof(words)), 0);
	CHECK_STR(tree_get("kernel/dmesg_restrict"), "1");
	CHECK(!strncmp(words, "1 set; this kernel lacks kernel/kptr_restrict, ", 47));
	tree_remove();
}

TEST(sysctl_that_the_kernel_refuses_is_a_failure_and_the_others_are_set)
{
	char path[64], words[512];

	tree_make();
	text_format(path, sizeof(path), "%s/kernel/kptr_restrict", root);
	mkdir(path, 0700);
	tree_put("kernel/dmesg_restrict", "0\n");
	CHECK_INT(sysctls_write(root, words, sizeof(words)), -EISDIR);
	CHECK_STR(words, "kernel/kptr_restrict = 2");
	CHECK_STR(tree_get("kernel/dmesg_restrict"), "1");
	tree_remove();
}

TEST(board_conf_may_turn_sysrq_on)
{
	char path[64], words[512];

	tree_make();
	tree_put("kernel/sysrq", "1\n");
	CHECK_INT(sysctls_write(root, words, sizeof(words)), 0);
	CHECK_STR(tree_get("kernel/sysrq"), "0");
	tree_put("board.conf", "SYSRQ = 176\n");
	text_format(path, sizeof(path), "%s/board.conf", root);
	CHECK_INT(board_load(path), 0);
	CHECK_INT(sysctls_write(root, words, sizeof(words)), 0);
	CHECK_STR(tree_get("kernel/sysrq"), "176");
	tree_put("board.conf", "");
	CHECK_INT(board_load(path), 0);
	tree_remove();
}

static void count_different(void *arg, const char *path, const char *wanted, const char *is)
{
	(void)path;
	*(int *)arg += *is && strcmp(wanted, is) != 0;
}

TEST(sysctl_that_was_changed_since_is_told)
{
	char words[512];
	int told = 0;

	tree_make();
	tree_put("kernel/dmesg_restrict", "0\n");
	CHECK_INT(sysctls_write(root, words, sizeof(words)), 0);
	CHECK_INT(sysctls_each(root, count_different, &told), 0);
	tree_put("kernel/dmesg_restrict", "0\n");
	CHECK_INT(sysctls_each(root, count_different, &told), 1);
	CHECK_INT(told, 1);
	tree_remove();
}

/* ---- the stack ---- */

#if !defined(__SANITIZE_ADDRESS__) /* which is watched otherwise */

static const char canary_wanted[] = "TEST_PRINTS_ITS_CANARY";

static uint64_t canary_of_mine(void)
{
	uint64_t canary;

	__asm__("mov %%fs:0x28, %0" : "=r"(canary));
	return canary;
}

/* A process that was started to tell its canary: nothing else of it runs. */
__attribute__((constructor)) static void print_canary(void)
{
	if (!getenv(canary_wanted))
		return;
	printf("%llx\n", (unsigned long long)canary_of_mine());
	(void)fflush(stdout);
	_exit(0);
}

static uint64_t canary_of_another(void)
{
	unsigned long long canary = 0;
	char self[256] = "", command[512];
	FILE *told;

	if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0)
		return 0;
	text_format(command, sizeof(command), "%s=1 %s", canary_wanted, self);
	told = popen(command, "r");
	if (!told || fscanf(told, "%llx", &canary) != 1)
		canary = 0;
	if (told)
		(void)pclose(told);
	return canary;
}

TEST(canary_is_another_in_each_process)
{
	uint64_t a = canary_of_another(), b = canary_of_another();

	CHECK(a && b && canary_of_mine());
	CHECK(a != b && a != canary_of_mine() && b != canary_of_mine());
}

__attribute__((noinline)) static unsigned stack_fill(size_t len)
{
	volatile char bytes[16];

	for (size_t i = 0; i < len; i++)
		bytes[i] = 'x';
	return (unsigned)bytes[0];
}

/* As if its canary had been hit and nothing behind it: only a function that looks at it notices. */
__attribute__((noinline)) static unsigned canary_change(size_t mask)
{
	volatile char bytes[16] = "x";

	__asm__ volatile("xorq %0, %%fs:0x28" : : "r"(mask));
	return (unsigned)bytes[0];
}

static int status_of_child(unsigned (*fn)(size_t arg), size_t arg)
{
	int status = -1;
	pid_t pid = fork();

	if (!pid)
		_exit(fn(arg) == 'x' ? 0 : 1);
	return pid > 0 && waitpid(pid, &status, 0) == pid ? status : -1;
}

__attribute__((noinline)) static void stack_leave(void)
{
	uint8_t bytes[256];

	memset(bytes, 0xa5, sizeof(bytes));
	__asm__ volatile("" : : "r"(bytes) : "memory");
}

__attribute__((noinline)) static unsigned stack_find(void)
{
	uint8_t bytes[256]; /* never set: this is what is looked at */
	unsigned found = 0;

	__asm__ volatile("" : : "r"(bytes) : "memory");
	for (size_t i = 0; i < sizeof(bytes); i++)
		found += bytes[i];
	return found;
}

TEST(variable_that_was_never_set_is_zero)
{
	stack_leave();
	CHECK_INT(stack_find(), 0);
}

TEST(stack_that_is_written_over_ends_the_process)
{
	CHECK_INT(status_of_child(stack_fill, 16), 0);
	CHECK(WIFSIGNALED(status_of_child(stack_fill, 64)));
	CHECK_INT(status_of_child(canary_change, 0), 0);
	CHECK(WIFSIGNALED(status_of_child(canary_change, 1)));
}

#endif

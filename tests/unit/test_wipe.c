/* init/wipe: what is to go goes, and nothing else. */
#include "test.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "init/wipe.h"

static int count_name(int dir_fd, const char *name, void *arg)
{
	(void)dir_fd;
	(void)name;
	++*(size_t *)arg;
	return 0;
}

static void put(int dir_fd, const char *name)
{
	int fd = openat(dir_fd, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	CHECK(fd >= 0 && write(fd, "key", 3) == 3);
	close(fd);
}

TEST(tree_goes_with_what_is_in_it_and_a_link_is_not_followed)
{
	char dir[] = "/tmp/wipe.XXXXXX";
	size_t count = 0;
	int fd;

	CHECK(mkdtemp(dir) != NULL);
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CHECK(fd >= 0);
	CHECK(!mkdirat(fd, "generations", 0700) && !mkdirat(fd, "generations/1", 0700) && !mkdirat(fd, "kept", 0700));
	put(fd, "generations/1/vpn-private.conf");
	put(fd, "generations/.vpn-private.conf.01234567.new");
	put(fd, "kept/file");
	CHECK(!symlinkat("../kept", fd, "generations/link"));
	CHECK_INT(wipe_tree(fd, "generations"), 0);
	CHECK_INT(faccessat(fd, "kept/file", F_OK, 0), 0);
	CHECK_INT(wipe_each(fd, count_name, &count), 0);
	CHECK_INT(count, 1);
	CHECK_INT(wipe_tree(fd, "kept"), 0);
	CHECK(wipe_tree(fd, "kept") < 0);
	close(fd);
	CHECK_INT(rmdir(dir), 0);
}

static uint64_t told;

static void tell(uint64_t at)
{
	told = at;
}

TEST(range_is_zero_afterwards_and_what_is_beside_it_is_not)
{
	enum { LEN = 3 << 20, FROM = 5, TO = (2 << 20) + 7 };
	static uint8_t bytes[LEN];
	char path[] = "/tmp/wipe.XXXXXX";
	int fd = mkstemp(path);
	size_t wrong = 0;

	CHECK(fd >= 0);
	(void)unlink(path);
	memset(bytes, 0xa5, sizeof(bytes));
	CHECK(write(fd, bytes, LEN) == LEN);
	CHECK_INT(wipe_range(fd, FROM, TO, tell), 0);
	CHECK_INT(told, TO);
	CHECK(pread(fd, bytes, LEN, 0) == LEN);
	for (size_t i = 0; i < LEN; i++)
		wrong += bytes[i] != (i >= FROM && i < TO ? 0 : 0xa5);
	CHECK_INT(wrong, 0);
	close(fd);
}

/* A directory of generations as anyone may have left it: the pointer, a number for a name, what is said about one. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "exact.h"
#include "base/paths.h"
#include "config/store.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void put(int dir_fd, const char *name, const void *bytes, size_t len)
{
	int fd = openat(dir_fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0 || write(fd, bytes, len) < 0)
		abort();
	close(fd);
}

static int make(void)
{
	char dir[] = "/tmp/generations.XXXXXX";
	int fd = mkdtemp(dir) ? open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

	if (fd < 0 || mkdirat(fd, GENERATIONS_DIR, 0700) < 0 || mkdirat(fd, GENERATIONS_DIR "/3", 0700) < 0 ||
	    mkdirat(fd, GENERATIONS_DIR "/4294967294", 0700) < 0 || mkdirat(fd, GENERATIONS_DIR "/4", 0700) < 0)
		abort();
	return fd;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int dir_fd = -1;
	size_t pointer = size ? data[0] % 128u : 0;
	struct store store;
	struct about about;
	char *copy;

	if (dir_fd < 0)
		dir_fd = make();
	if (size <= pointer)
		return 0;
	put(dir_fd, GENERATIONS_DIR "/confirmed", data + 1, pointer);
	put(dir_fd, GENERATIONS_DIR "/3/about", data + 1 + pointer, size - 1 - pointer);
	if (store_open(&store, dir_fd, true) < 0)
		abort();
	if (store.count != 1 || (store.confirmed && store.confirmed != 3))
		abort();
	if (!store_about(&store, 3, &about) && (strchr(about.by, '\x1b') || strchr(about.summary, '\n')))
		abort();
	(void)store_before(&store);
	store_close(&store);
	copy = exact_copy(data, size);
	(void)about_read(copy, size, &about);
	free(copy);
	return 0;
}

#include "netlink/dump.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "netlink/attrs.h"

enum { FIRST_LEN = 1 << 17 };

/* By pages, which move whole: no copy of what was in them stays behind. */
static int grow(struct nl_dump *dump)
{
	size_t cap = dump->cap ? dump->cap * 2 : FIRST_LEN;
	void *bytes;

	if (cap > NL_DUMP_LEN_MAX)
		return -ENOBUFS;
	if (dump->cap)
		bytes = mremap(dump->bytes, dump->cap, cap, MREMAP_MAYMOVE);
	else
		bytes = mmap(NULL, cap, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (bytes == MAP_FAILED)
		return -errno;
	dump->bytes = bytes;
	dump->cap = cap;
	return 0;
}

static int keep(const struct nlmsghdr *message, void *arg)
{
	struct nl_dump *dump = arg;
	size_t len = nl_aligned(message->nlmsg_len);
	int err = 0;

	while (!err && dump->cap - dump->len < len)
		err = grow(dump);
	if (err < 0)
		return err;
	memcpy(dump->bytes + dump->len, message, message->nlmsg_len);
	dump->len += len;
	return 0;
}

int nl_dump_read(struct nl_dump *dump, nl_reading_fn *reading, void *arg)
{
	int err = -EINTR;

	*dump = (struct nl_dump){ .bytes = NULL };
	for (int i = 0; i < NL_DUMP_ATTEMPTS && err == -EINTR; i++) {
		if (dump->bytes)
			explicit_bzero(dump->bytes, dump->len);
		dump->len = 0;
		err = reading(arg, keep, dump);
	}
	return err;
}

void nl_dump_free(struct nl_dump *dump)
{
	if (!dump->bytes)
		return;
	explicit_bzero(dump->bytes, dump->len);
	munmap(dump->bytes, dump->cap);
	dump->bytes = NULL;
}

/* Owns a dump while it is read: gathered whole, then handed out once. A table that changes meanwhile is read again from
 * nothing, and nobody who asks for it needs to know. */
#ifndef NETLINK_DUMP_H
#define NETLINK_DUMP_H

#include <stddef.h>
#include <stdint.h>

#include "netlink/each.h"

enum { NL_DUMP_ATTEMPTS = 10, NL_DUMP_LEN_MAX = 64 << 20 };

struct nl_dump {
	uint8_t *bytes; /* messages behind each other; NULL: none yet */
	size_t len, cap;
};

/* One reading: calls keep per message; 0, -EINTR when what was read changed meanwhile, or -errno. */
typedef int nl_reading_fn(void *arg, nl_each_fn *keep, void *keep_arg);

/* Reads until nothing changed meanwhile: 0, -EINTR when it always did, -ENOBUFS when it is too long, or -errno of reading. */
int nl_dump_read(struct nl_dump *dump, nl_reading_fn *reading, void *arg);
/* Wiped: a dump may hold keys. */
void nl_dump_free(struct nl_dump *dump);

#endif

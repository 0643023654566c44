/* The process that asks name servers. What they answer is parsed by an image of its own, with a user of its own, that was
 * given the names and nothing else: no key is in its memory, and no descriptor of ours. */
#ifndef GATEWAY_LOOKUP_H
#define GATEWAY_LOOKUP_H

#include <stdint.h>

#include "base/inet.h"

#define LOOKUP_APPLET "resolver"

enum {
	LOOKUP_NO_USER = 3,     /* exit status: it could not become USER_RESOLVER, and asked no one */
};

/* One record on its standard output; shorter than PIPE_BUF, so it comes whole. */
struct lookup_answer {
	uint16_t index;        /* of the name, as they were put */
	struct inet_addr addr; /* one of its addresses; family 0: that was all */
};

int lookup_open(void); /* a file for the names: its descriptor, or -errno. The caller closes it. */
int lookup_put(int names_fd, const char *host); /* "": an index that is not asked for. 0 or -errno. */

/* A child becomes that process, which answers to answers_fd and dies with its parent. */
_Noreturn void lookup_become(int names_fd, int answers_fd);

int lookup_main(void); /* the applet */

#endif

/* What the datagrams of an answer mean, apart from the socket they came by: bytes in, messages and a result out. */
#ifndef NETLINK_ANSWER_H
#define NETLINK_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "netlink/each.h"

struct nl_answer {
	uint32_t seq; /* of the request; messages of other requests and ports are skipped */
	uint32_t port;
	nl_each_fn *each; /* may be NULL */
	void *arg;
	char *error;      /* NL_ERROR_LEN, gets the kernel's words */
	bool done;        /* the last message was read */
	bool interrupted; /* what was dumped changed meanwhile */
	int result;       /* 0, or the first -errno of the kernel, of each or of a malformed message */
};

/* data is aligned to four bytes. Once done is set, it takes no more. */
void nl_answer_feed(struct nl_answer *answer, const void *data, size_t len);

/* Calls each per message of one datagram until it returns below 0: that, 0, or -EBADMSG when a message is longer than
 * what is left or shorter than its header. */
int nl_each_message(const void *data, size_t len, nl_each_fn *each, void *arg);

#endif

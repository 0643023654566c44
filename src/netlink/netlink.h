/* Request and answer over one netlink socket, on libmnl. */
#ifndef NETLINK_NETLINK_H
#define NETLINK_NETLINK_H

#include <libmnl/libmnl.h>
#include <stddef.h>
#include <stdint.h>

#include "netlink/each.h"

enum { NL_BUF_LEN = 32768 };

/* One per protocol and network namespace; a socket stays in the namespace it was opened in. */
struct nl {
	struct mnl_socket *socket; /* NULL when closed */
	uint32_t seq;
	uint32_t port;
	uint32_t mark; /* that the way to somewhere is asked for with, as ip-rule(8) knows packets by; 0: none, as nl_open leaves it */
	char error[NL_ERROR_LEN]; /* the kernel's own words (extended ack) for the last failure, or "" */
	_Alignas(8) uint8_t request[NL_BUF_LEN];
	_Alignas(8) uint8_t answer[NL_BUF_LEN];
};

int nl_open(struct nl *nl, int protocol); /* NETLINK_ROUTE, NETLINK_GENERIC: 0 or -errno */
void nl_close(struct nl *nl);             /* also after a failed nl_open */

/* A message begun in nl->request: header, then extra bytes of fixed header (zeroed, to be found by
 * mnl_nlmsg_get_payload). NLM_F_REQUEST is added to flags; NLM_F_ACK too, unless it is a dump. */
struct nlmsghdr *nl_begin(struct nl *nl, uint16_t type, uint16_t flags, size_t extra_len);

/* Bytes left in nl->request behind the message: builders of long messages split by it. */
size_t nl_room(const struct nl *nl, const struct nlmsghdr *message);

/* Sends the message and waits for its whole answer: 0 or -errno (-ETIMEDOUT after 5 s, -EBADMSG for a malformed
 * answer, -EINTR for a dump of what never stood still). each may be NULL. A dump is gathered first, so that each is told
 * of everything once, and may use nl. On return request and answer are wiped, message too: they may have held keys. */
int nl_request(struct nl *nl, struct nlmsghdr *message, nl_each_fn *each, void *arg);

/* The same for len bytes of messages that stand one behind the other in nl->request, of which only the last but one (a batch's
 * last message before its end) wants an acknowledgement: they are done as one, and answered by one. */
int nl_request_batch(struct nl *nl, size_t len);

/* Generic netlink: the id of a family, -ENOENT when the kernel has none of that name. */
int nl_family(struct nl *nl, const char *name, uint16_t *id);

/* A socket that is told of changes, non-blocking, for a loop: fd or -errno. groups: RTMGRP_* bits. */
int nl_monitor_open(unsigned groups);
/* Reads all that waits and calls each (which may be NULL) per message: 0, or -errno (-ENOBUFS: changes were lost; after any error look
 * anew). A value below 0 of each ends the delivery as in nl_request. */
int nl_monitor_read(int fd, nl_each_fn *each, void *arg);

#endif

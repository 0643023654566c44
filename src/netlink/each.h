/* How the messages of an answer are handed out. */
#ifndef NETLINK_EACH_H
#define NETLINK_EACH_H

#include <linux/netlink.h>

enum { NL_ERROR_LEN = 128 };

/* Called once per message of an answer. A value below 0 ends the answer's delivery (the rest is drained) and is
 * what nl_request returns. The message is borrowed until the call returns; nl is busy until then, unless it was a dump. */
typedef int nl_each_fn(const struct nlmsghdr *message, void *arg);

#endif

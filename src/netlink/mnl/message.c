/* Stands in for libmnl's messages. */
#include <libmnl/libmnl.h>
#include <string.h>

#include "netlink/mnl/align.h"

/* libmnl hands out writable pointers into what it takes as const. */
static void *at(const struct nlmsghdr *nlh, size_t offset)
{
	return (void *)((uintptr_t)nlh + offset);
}

size_t mnl_nlmsg_get_payload_len(const struct nlmsghdr *nlh)
{
	return nlh->nlmsg_len - MESSAGE_HDRLEN;
}

struct nlmsghdr *mnl_nlmsg_put_header(void *buf)
{
	struct nlmsghdr *nlh = buf;

	memset(buf, 0, MESSAGE_HDRLEN);
	nlh->nlmsg_len = MESSAGE_HDRLEN;
	return nlh;
}

void *mnl_nlmsg_put_extra_header(struct nlmsghdr *nlh, size_t size)
{
	void *header = at(nlh, nlh->nlmsg_len);

	nlh->nlmsg_len += (uint32_t)aligned(size);
	return memset(header, 0, aligned(size));
}

/* libmnl 1.0.4 compares as int and takes a length of 2 GiB and more for a good one; 1.0.5 and this do not. */
bool mnl_nlmsg_ok(const struct nlmsghdr *nlh, int len)
{
	return len >= (int)sizeof(*nlh) && nlh->nlmsg_len >= sizeof(*nlh) && nlh->nlmsg_len <= (uint32_t)len;
}

struct nlmsghdr *mnl_nlmsg_next(const struct nlmsghdr *nlh, int *len)
{
	*len -= (int)aligned(nlh->nlmsg_len);
	return at(nlh, aligned(nlh->nlmsg_len));
}

void *mnl_nlmsg_get_payload(const struct nlmsghdr *nlh)
{
	return at(nlh, MESSAGE_HDRLEN);
}

void *mnl_nlmsg_get_payload_offset(const struct nlmsghdr *nlh, size_t offset)
{
	return at(nlh, MESSAGE_HDRLEN + aligned(offset));
}

void *mnl_nlmsg_get_payload_tail(const struct nlmsghdr *nlh)
{
	return at(nlh, aligned(nlh->nlmsg_len));
}

/* libmnl's MNL_ALIGN and header lengths without their int constants, which -Wconversion minds. */
#ifndef NETLINK_MNL_ALIGN_H
#define NETLINK_MNL_ALIGN_H

#include <assert.h>
#include <linux/netlink.h>
#include <stddef.h>

enum { ATTR_HDRLEN = sizeof(struct nlattr), MESSAGE_HDRLEN = sizeof(struct nlmsghdr) };

static_assert(ATTR_HDRLEN % 4 == 0 && MESSAGE_HDRLEN % 4 == 0, "headers are aligned");

static inline size_t aligned(size_t len)
{
	return (len + 3) & ~(size_t)3;
}

#endif

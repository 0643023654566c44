/* Name servers that IPv6 routers advertise (RFC 8106), as the kernel hands them on: of NICs alone that listen to routers. */
#ifndef NETLINK_RDNSS_H
#define NETLINK_RDNSS_H

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdint.h>

#include "base/inet.h"

#define RDNSS_GROUP (1u << (RTNLGRP_ND_USEROPT - 1)) /* for nl_monitor_open */

enum { RDNSS_MAX = 3 };

struct rdnss {
	uint32_t index;   /* of the link that it came by */
	uint32_t seconds; /* that they are good for; 0: no more, UINT32_MAX: for ever */
	struct inet_addr servers[RDNSS_MAX];
	uint8_t count;
};

/* 0, -ENOMSG for any other message or option, -EBADMSG. */
int rdnss_read(const struct nlmsghdr *message, struct rdnss *rdnss);

#endif

/* Owns which way a datagram takes: found out when it is used first, by the table, the host and what routers said of path
 * MTUs, and remembered while none of that changes. */
#ifndef OUTER_ROUTE_H
#define OUTER_ROUTE_H

#include "outer/ways.h"

void route_open(const struct outer_host *host); /* borrowed */

/* 0, or -errno that is remembered likewise; -ENOBUFS when too many strangers came in this batch. *result is good until the
 * next call. */
int route_find(const struct inet_flow *to, uint64_t now_ns, struct way **result);
/* outer_mtu's answer. */
uint32_t route_mtu(const struct inet_addr *to, uint64_t now_ns);

/* Links, addresses or routes: all is found out anew when it is used next. */
void route_changed(void);
/* A batch comes in, or is over: whose way is not known may be anyone then. */
void route_receiving(bool receiving);
/* A router says that what we sent there, which began so, did not fit. */
void route_learn_mtu(const struct inet_endpoint *to, uint32_t mtu_bytes, const uint8_t *quoted, size_t len, uint64_t now_ns);

#endif

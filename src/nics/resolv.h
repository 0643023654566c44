/* The name servers of network.conf, and behind them those that others named, for the C library's resolver. */
#ifndef NICS_RESOLV_H
#define NICS_RESOLV_H

#include "conf/network.h"

struct resolv_others {
	struct network_dns list[NETWORK_DNS_MAX];
	const char *by[NETWORK_DNS_MAX]; /* who did */
	size_t count;
};

void resolv_add(struct resolv_others *others, const struct network_dns *server, const char *by); /* unless it is there, or one too many */

/* What cannot be written is told in the log. */
void resolv_write(const struct network_conf *conf, const struct resolv_others *others);

#endif

/* The filter in a namespace that a tunnel leads into: what comes out of the tunnel is dropped but for answers, ICMP, TCP to
 * the ports that are named, and NTP where that is served. What comes by other interfaces there is others' business. */
#ifndef NETWORK_FILTER_INSIDE_H
#define NETWORK_FILTER_INSIDE_H

#include "netlink/nft.h"

struct filter_inside {
	int netns_fd;
	const char *device; /* of the tunnel */
	const uint16_t *ports;
	size_t port_count;
	bool serves_time; /* NTP comes in */
};

/* All at once: 1 when there was none before, 0, or -errno. Rules that stand go on counting. */
int filter_inside_put(const struct filter_inside *wanted);
int filter_inside_remove(int netns_fd); /* what is not there is no error */

bool filter_inside_stands(int netns_fd);

/* Calls each for every rule that counts: 0 or -errno. */
int filter_inside_each(int netns_fd, void (*each)(const struct nft_rule *rule, void *arg), void *arg);

#endif

#include "gateway/place.h"

#include <linux/rtnetlink.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "netlink/netlink.h"
#include "netlink/netns.h"

const char *place_name(const char *option, const char *own)
{
	if (option)
		return strcmp(option, PLACE_HERE) != 0 ? option : "";
	return own;
}

int place_open(struct place *place, const char *netns, char *words, size_t cap)
{
	*place = (struct place){ .netns_fd = -1 };
	if (netns[0]) {
		place->netns_fd = netns_open(netns, &place->created);
		if (place->netns_fd < 0) {
			text_format(words, cap, "cannot open the network namespace %s: %s", netns, strerror(-place->netns_fd));
			return place->netns_fd;
		}
	}
	text_format(place->netns, sizeof(place->netns), "%s", netns);
	place->open = true;
	return 0;
}

void place_close(struct place *place, bool remove)
{
	if (place->netns_fd >= 0)
		close(place->netns_fd);
	if (remove && place->created)
		netns_remove(place->netns);
	place->netns_fd = -1;
	place->created = place->open = false;
}

static int open_monitor(void *arg)
{
	(void)arg;
	return nl_monitor_open(RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR);
}

int place_monitor(const struct place *place)
{
	return netns_call(place->netns_fd, open_monitor, NULL);
}

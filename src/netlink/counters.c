#include "netlink/counters.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include "netlink/attrs.h"

static int read_counters(const struct nlmsghdr *message, void *arg)
{
	enum { COUNT = IFLA_STATS64 + 1 };
	/* Newer kernels say more, behind what is read. */
	static const struct nl_rule rules[COUNT] = {
		[IFLA_STATS64] = { MNL_TYPE_UNSPEC, offsetof(struct rtnl_link_stats64, rx_compressed) },
	};
	struct rtnl_link_stats64 stats = { 0 };
	struct link_counters *counters = arg;
	const struct nlattr *attrs[COUNT];
	int err = nl_attrs_read(message, sizeof(struct ifinfomsg), rules, attrs, COUNT);
	size_t len;

	if (err < 0)
		return err;
	if (!attrs[IFLA_STATS64])
		return -ENODATA;
	len = mnl_attr_get_payload_len(attrs[IFLA_STATS64]);
	/* Numbers of 64 bits in an attribute aligned to 32. */
	memcpy(&stats, mnl_attr_get_payload(attrs[IFLA_STATS64]), len < sizeof(stats) ? len : sizeof(stats));
	*counters = (struct link_counters){
		.rx_packets = stats.rx_packets,
		.tx_packets = stats.tx_packets,
		.rx_errors = stats.rx_errors,
		.rx_length_errors = stats.rx_length_errors,
		.rx_frame_errors = stats.rx_frame_errors,
		.rx_dropped = stats.rx_dropped,
		.rx_crc_errors = stats.rx_crc_errors,
		.rx_over_errors = stats.rx_over_errors,
		.rx_missed_errors = stats.rx_missed_errors,
		.tx_errors = stats.tx_errors,
		.tx_dropped = stats.tx_dropped,
		.tx_carrier_errors = stats.tx_carrier_errors,
		.collisions = stats.collisions,
	};
	return 0;
}

int link_counters_get(struct nl *nl, uint32_t index, struct link_counters *counters)
{
	struct nlmsghdr *message = nl_begin(nl, RTM_GETLINK, 0, sizeof(struct ifinfomsg));
	struct ifinfomsg *info = mnl_nlmsg_get_payload(message);

	info->ifi_index = (int)index;
	return nl_request(nl, message, read_counters, counters);
}

#include "netlink/vlan.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <string.h>

int link_create_vlan(struct nl *nl, const char *name, uint32_t lower, uint16_t id)
{
	struct nlmsghdr *message = nl_begin(nl, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, sizeof(struct ifinfomsg));
	struct nlattr *info, *data;

	if (!*name || strlen(name) >= IFNAMSIZ)
		return -EINVAL;
	mnl_attr_put_strz(message, IFLA_IFNAME, name);
	mnl_attr_put_u32(message, IFLA_LINK, lower);
	info = mnl_attr_nest_start(message, IFLA_LINKINFO);
	mnl_attr_put_strz(message, IFLA_INFO_KIND, "vlan");
	data = mnl_attr_nest_start(message, IFLA_INFO_DATA);
	mnl_attr_put_u16(message, IFLA_VLAN_ID, id);
	mnl_attr_nest_end(message, data);
	mnl_attr_nest_end(message, info);
	return nl_request(nl, message, NULL, NULL);
}

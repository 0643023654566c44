#include <errno.h>
#include <linux/rtnetlink.h>

#include "netlink/attrs.h"
#include "netlink/link.h"

int link_address_read(const struct nlmsghdr *message, struct link_address *address)
{
	static const struct nl_rule rules[IFA_LOCAL + 1];
	const struct nlattr *attrs[IFA_LOCAL + 1], *own;
	const struct ifaddrmsg *info = mnl_nlmsg_get_payload(message);
	int err;

	if (message->nlmsg_type != RTM_NEWADDR && message->nlmsg_type != RTM_DELADDR)
		return -ENOMSG;
	err = nl_attrs_read(message, sizeof(*info), rules, attrs, IFA_LOCAL + 1);
	if (err < 0)
		return err;
	if (info->ifa_family != AF_INET && info->ifa_family != AF_INET6)
		return -ENOMSG;
	/* Point to point, IFA_ADDRESS is the other end's. */
	own = attrs[IFA_LOCAL] ? attrs[IFA_LOCAL] : attrs[IFA_ADDRESS];
	if (!own || info->ifa_prefixlen > inet_bits(info->ifa_family))
		return -EBADMSG;
	*address = (struct link_address){
		.index = info->ifa_index,
		.prefix.len = info->ifa_prefixlen,
		.scope = info->ifa_scope,
		.flags = info->ifa_flags,
	};
	return nl_attr_addr(own, info->ifa_family, &address->prefix.addr);
}

struct each {
	uint32_t index;
	link_address_fn *call;
	void *arg;
};

static int each_one(const struct nlmsghdr *message, void *arg)
{
	const struct each *each = arg;
	struct link_address address;
	int err = link_address_read(message, &address);

	/* Kernels without NETLINK_GET_STRICT_CHK send every link's. */
	if (!err && (!each->index || each->index == address.index))
		each->call(&address, each->arg);
	return err == -ENOMSG ? 0 : err;
}

int link_address_each(struct nl *nl, uint32_t index, link_address_fn *each, void *arg)
{
	struct nlmsghdr *message = nl_begin(nl, RTM_GETADDR, NLM_F_DUMP, sizeof(struct ifaddrmsg));
	struct ifaddrmsg *info = mnl_nlmsg_get_payload(message);
	struct each to = { index, each, arg };

	info->ifa_index = index;
	return nl_request(nl, message, each_one, &to);
}

static bool is_loopback(const struct inet_addr *addr)
{
	return addr->family == AF_INET && addr->bytes[0] == 127;
}

static int change(struct nl *nl, uint16_t type, uint16_t flags, uint32_t index, const struct inet_prefix *prefix)
{
	const struct inet_addr *addr = &prefix->addr;
	struct nlmsghdr *message = nl_begin(nl, type, flags, sizeof(struct ifaddrmsg));
	struct ifaddrmsg *info = mnl_nlmsg_get_payload(message);

	if ((addr->family != AF_INET && addr->family != AF_INET6) || prefix->len > inet_bits(addr->family))
		return -EINVAL;
	info->ifa_family = addr->family;
	info->ifa_prefixlen = prefix->len;
	info->ifa_index = index;
	info->ifa_scope = is_loopback(addr) ? RT_SCOPE_HOST : RT_SCOPE_UNIVERSE;
	/* The address is ours by configuration; duplicate detection would leave it unusable for a second. */
	info->ifa_flags = addr->family == AF_INET6 ? IFA_F_NODAD : 0;
	mnl_attr_put(message, IFA_LOCAL, inet_size(addr->family), addr->bytes);
	mnl_attr_put(message, IFA_ADDRESS, inet_size(addr->family), addr->bytes);
	return nl_request(nl, message, NULL, NULL);
}

int link_address_add(struct nl *nl, uint32_t index, const struct inet_prefix *prefix)
{
	return change(nl, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, index, prefix);
}

int link_address_put(struct nl *nl, uint32_t index, const struct inet_prefix *prefix)
{
	return change(nl, RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, index, prefix);
}

int link_address_remove(struct nl *nl, uint32_t index, const struct inet_prefix *prefix)
{
	return change(nl, RTM_DELADDR, 0, index, prefix);
}

#include "netlink/neigh.h"

#include <errno.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include "netlink/attrs.h"

int neigh_read(const struct nlmsghdr *message, struct neigh *neigh)
{
	static const struct nl_rule rules[NDA_LLADDR + 1];
	const struct nlattr *attrs[NDA_LLADDR + 1];
	const struct ndmsg *info = mnl_nlmsg_get_payload(message);
	int err;

	if (message->nlmsg_type != RTM_NEWNEIGH && message->nlmsg_type != RTM_DELNEIGH)
		return -ENOMSG;
	err = nl_attrs_read(message, sizeof(*info), rules, attrs, NDA_LLADDR + 1);
	if (err < 0)
		return err;
	if ((info->ndm_family != AF_INET && info->ndm_family != AF_INET6) || info->ndm_flags & NTF_PROXY)
		return -ENOMSG;
	if (!attrs[NDA_DST])
		return -EBADMSG;
	*neigh = (struct neigh){
		.index = (uint32_t)info->ndm_ifindex,
		.state = message->nlmsg_type == RTM_NEWNEIGH ? info->ndm_state : NUD_NONE,
		.has_mac = attrs[NDA_LLADDR] && mnl_attr_get_payload_len(attrs[NDA_LLADDR]) == LINK_MAC_LEN,
	};
	if (neigh->has_mac)
		memcpy(neigh->mac, mnl_attr_get_payload(attrs[NDA_LLADDR]), LINK_MAC_LEN);
	return nl_attr_addr(attrs[NDA_DST], info->ndm_family, &neigh->addr);
}

static struct nlmsghdr *begin(struct nl *nl, uint16_t type, uint16_t flags, uint32_t index, const struct inet_addr *addr)
{
	struct nlmsghdr *message = nl_begin(nl, type, flags, sizeof(struct ndmsg));
	struct ndmsg *info = mnl_nlmsg_get_payload(message);

	info->ndm_family = addr->family;
	info->ndm_ifindex = (int32_t)index;
	mnl_attr_put(message, NDA_DST, inet_size(addr->family), addr->bytes);
	return message;
}

static int keep(const struct nlmsghdr *message, void *arg)
{
	return neigh_read(message, arg);
}

int neigh_get(struct nl *nl, uint32_t index, const struct inet_addr *addr, struct neigh *neigh)
{
	*neigh = (struct neigh){ .index = index, .addr = *addr };
	return nl_request(nl, begin(nl, RTM_GETNEIGH, 0, index, addr), keep, neigh);
}

struct each {
	neigh_fn *call;
	void *arg;
};

static int each_one(const struct nlmsghdr *message, void *arg)
{
	const struct each *each = arg;
	struct neigh neigh;
	int err = neigh_read(message, &neigh);

	if (!err)
		each->call(&neigh, each->arg);
	return err == -ENOMSG ? 0 : err;
}

int neigh_each(struct nl *nl, neigh_fn *each, void *arg)
{
	struct each to = { each, arg };

	return nl_request(nl, nl_begin(nl, RTM_GETNEIGH, NLM_F_DUMP, sizeof(struct ndmsg)), each_one, &to);
}

int neigh_use(struct nl *nl, uint32_t index, const struct inet_addr *addr)
{
	struct nlmsghdr *message = begin(nl, RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, index, addr);
	struct ndmsg *info = mnl_nlmsg_get_payload(message);

	info->ndm_flags = NTF_USE;
	return nl_request(nl, message, NULL, NULL);
}

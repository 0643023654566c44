#include <errno.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include "netlink/attrs.h"
#include "netlink/link.h"

enum { ROUTE_ATTRS = RTA_VIA + 1 };

static bool is_inet(uint8_t family)
{
	return family == AF_INET || family == AF_INET6;
}

/* RTA_VIA: the address carries its family, two bytes in host order. */
static int read_via(const struct nlattr *via, struct inet_addr *addr)
{
	const uint8_t *payload = mnl_attr_get_payload(via);
	uint16_t family;

	if (mnl_attr_get_payload_len(via) < sizeof(family))
		return -EBADMSG;
	memcpy(&family, payload, sizeof(family));
	if ((family != AF_INET && family != AF_INET6) ||
	    mnl_attr_get_payload_len(via) != sizeof(family) + inet_size((uint8_t)family))
		return -EBADMSG;
	*addr = (struct inet_addr){ .family = (uint8_t)family };
	memcpy(addr->bytes, payload + sizeof(family), inet_size((uint8_t)family));
	return 0;
}

/* A next hop's gateway, of the route itself or of one leg of RTA_MULTIPATH; family 0 without one. */
static int read_gateway(const struct nlattr *const *attrs, uint8_t family, struct inet_addr *gateway)
{
	*gateway = (struct inet_addr){ 0 };
	if (attrs[RTA_GATEWAY])
		return nl_attr_addr(attrs[RTA_GATEWAY], family, gateway);
	return attrs[RTA_VIA] ? read_via(attrs[RTA_VIA], gateway) : 0;
}

static int read_mtu(const struct nlattr *metrics, uint32_t *mtu_bytes)
{
	static const struct nl_rule rules[RTAX_MTU + 1] = { [RTAX_MTU] = NL_RULE_U32 };
	const struct nlattr *attrs[RTAX_MTU + 1];
	int err = nl_attrs_read_nest(metrics, rules, attrs, RTAX_MTU + 1);

	if (!err && attrs[RTAX_MTU])
		*mtu_bytes = mnl_attr_get_u32(attrs[RTAX_MTU]);
	return err;
}

static int each_leg(const struct nlattr *multipath, struct link_route *route, link_route_fn *each, void *arg)
{
	static const struct nl_rule rules[ROUTE_ATTRS];
	const struct nlattr *attrs[ROUTE_ATTRS];
	const uint8_t *at = mnl_attr_get_payload(multipath);
	size_t left = mnl_attr_get_payload_len(multipath), step;
	int err;

	for (; left; at += step, left -= step) {
		struct rtnexthop leg;

		if (left < sizeof(leg))
			return -EBADMSG;
		memcpy(&leg, at, sizeof(leg));
		if (leg.rtnh_len < sizeof(leg) || leg.rtnh_len > left)
			return -EBADMSG;
		err = nl_attrs_read_bytes(at + sizeof(leg), leg.rtnh_len - sizeof(leg), rules, attrs, ROUTE_ATTRS);
		if (!err)
			err = read_gateway(attrs, route->destination.addr.family, &route->gateway);
		if (err < 0)
			return err;
		route->index = (uint32_t)leg.rtnh_ifindex;
		if (!(leg.rtnh_flags & RTNH_F_DEAD))
			each(route, arg);
		step = nl_aligned(leg.rtnh_len);
		if (step > left)
			step = left;
	}
	return 0;
}

/* Sorted and checked, but for the header's meaning. */
static int read_attrs(const struct nlmsghdr *message, const struct nlattr **attrs)
{
	static const struct nl_rule rules[ROUTE_ATTRS] = {
		[RTA_OIF] = NL_RULE_U32,
		[RTA_PRIORITY] = NL_RULE_U32,
		[RTA_METRICS] = NL_RULE_NEST,
		[RTA_TABLE] = NL_RULE_U32,
	};

	if (message->nlmsg_type != RTM_NEWROUTE && message->nlmsg_type != RTM_DELROUTE)
		return -ENOMSG;
	return nl_attrs_read(message, sizeof(struct rtmsg), rules, attrs, ROUTE_ATTRS);
}

int link_route_read(const struct nlmsghdr *message, link_route_fn *each, void *arg)
{
	const struct nlattr *attrs[ROUTE_ATTRS];
	const struct rtmsg *info = mnl_nlmsg_get_payload(message);
	struct link_route route;
	int err = read_attrs(message, attrs);

	if (err < 0)
		return err;
	if (!is_inet(info->rtm_family))
		return -ENOMSG;
	if (info->rtm_dst_len > inet_bits(info->rtm_family))
		return -EBADMSG;
	route = (struct link_route){
		.destination = { { .family = info->rtm_family }, info->rtm_dst_len },
		.protocol = info->rtm_protocol,
		.type = info->rtm_type,
		.index = attrs[RTA_OIF] ? mnl_attr_get_u32(attrs[RTA_OIF]) : 0,
		.metric = attrs[RTA_PRIORITY] ? mnl_attr_get_u32(attrs[RTA_PRIORITY]) : 0,
	};
	if (attrs[RTA_DST])
		err = nl_attr_addr(attrs[RTA_DST], info->rtm_family, &route.destination.addr);
	if (!err && attrs[RTA_PREFSRC])
		err = nl_attr_addr(attrs[RTA_PREFSRC], info->rtm_family, &route.source);
	if (!err && attrs[RTA_METRICS])
		err = read_mtu(attrs[RTA_METRICS], &route.mtu_bytes);
	if (!err && attrs[RTA_MULTIPATH])
		return each_leg(attrs[RTA_MULTIPATH], &route, each, arg);
	if (!err)
		err = read_gateway(attrs, info->rtm_family, &route.gateway);
	if (!err && !(info->rtm_flags & RTNH_F_DEAD))
		each(&route, arg);
	return err;
}

struct each {
	link_route_fn *call;
	void *arg;
};

static int each_in_main(const struct nlmsghdr *message, void *arg)
{
	const struct each *each = arg;
	const struct nlattr *attrs[ROUTE_ATTRS];
	const struct rtmsg *info = mnl_nlmsg_get_payload(message);
	int err = read_attrs(message, attrs);
	uint32_t table;

	if (err < 0)
		return err == -ENOMSG ? 0 : err;
	table = attrs[RTA_TABLE] ? mnl_attr_get_u32(attrs[RTA_TABLE]) : info->rtm_table;
	if (table != RT_TABLE_MAIN || info->rtm_type != RTN_UNICAST || info->rtm_src_len || info->rtm_tos ||
	    info->rtm_flags & RTM_F_CLONED)
		return 0;
	err = link_route_read(message, each->call, each->arg);
	return err == -ENOMSG ? 0 : err;
}

int link_route_each(struct nl *nl, link_route_fn *each, void *arg)
{
	/* One dump of all families and tables: without IPv6 the kernel answers a dump of AF_INET6 with all families,
	 * and it refuses the main table where that has never had a route. */
	struct nlmsghdr *message = nl_begin(nl, RTM_GETROUTE, NLM_F_DUMP, sizeof(struct rtmsg));
	struct each to = { each, arg };

	return nl_request(nl, message, each_in_main, &to);
}

static void put_gateway(struct nlmsghdr *message, const struct link_route *route)
{
	const struct inet_addr *gateway = &route->gateway;
	uint8_t via[sizeof(struct rtvia) + sizeof(gateway->bytes)];
	const struct rtvia head = { .rtvia_family = gateway->family };

	if (gateway->family == route->destination.addr.family) {
		mnl_attr_put(message, RTA_GATEWAY, inet_size(gateway->family), gateway->bytes);
		return;
	}
	memcpy(via, &head, sizeof(head));
	memcpy(via + sizeof(head), gateway->bytes, sizeof(gateway->bytes));
	mnl_attr_put(message, RTA_VIA, sizeof(head) + inet_size(gateway->family), via);
}

static void put_mtu(struct nlmsghdr *message, uint32_t mtu_bytes)
{
	struct nlattr *metrics = mnl_attr_nest_start(message, RTA_METRICS);

	mnl_attr_put_u32(message, RTAX_MTU, mtu_bytes);
	mnl_attr_nest_end(message, metrics);
}

static bool is_route(const struct link_route *route)
{
	const struct inet_prefix *destination = &route->destination;
	uint8_t gateway = route->gateway.family;

	return is_inet(destination->addr.family) && destination->len <= inet_bits(destination->addr.family) &&
	       (!gateway || is_inet(gateway));
}

static struct nlmsghdr *begin(struct nl *nl, uint16_t type, uint16_t flags, const struct link_route *route)
{
	struct inet_addr first = inet_prefix_first(&route->destination);
	struct nlmsghdr *message = nl_begin(nl, type, flags, sizeof(struct rtmsg));
	struct rtmsg *info = mnl_nlmsg_get_payload(message);

	info->rtm_family = first.family;
	info->rtm_dst_len = route->destination.len;
	info->rtm_table = RT_TABLE_MAIN;
	info->rtm_protocol = route->protocol;
	info->rtm_type = RTN_UNICAST;
	if (route->destination.len)
		mnl_attr_put(message, RTA_DST, inet_size(first.family), first.bytes);
	if (route->gateway.family)
		put_gateway(message, route);
	if (route->index)
		mnl_attr_put_u32(message, RTA_OIF, route->index);
	if (route->metric)
		mnl_attr_put_u32(message, RTA_PRIORITY, route->metric);
	return message;
}

int link_route_put(struct nl *nl, const struct link_route *route)
{
	struct nlmsghdr *message;
	struct rtmsg *info;

	if (!is_route(route))
		return -EINVAL;
	message = begin(nl, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, route);
	info = mnl_nlmsg_get_payload(message);
	/* IPv4: a destination on the link itself is of link scope. IPv6 takes no notice. */
	info->rtm_scope = route->gateway.family ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK;
	info->rtm_flags = route->on_link ? RTNH_F_ONLINK : 0;
	if (route->mtu_bytes)
		put_mtu(message, route->mtu_bytes);
	return nl_request(nl, message, NULL, NULL);
}

int link_route_remove(struct nl *nl, const struct link_route *route)
{
	struct nlmsghdr *message;
	struct rtmsg *info;

	if (!is_route(route))
		return -EINVAL;
	message = begin(nl, RTM_DELROUTE, 0, route);
	info = mnl_nlmsg_get_payload(message);
	info->rtm_scope = RT_SCOPE_NOWHERE; /* any */
	return nl_request(nl, message, NULL, NULL);
}

static struct nlmsghdr *begin_question(struct nl *nl, const struct inet_flow *to, unsigned flags)
{
	const struct inet_addr *addr = &to->remote.addr, *source = &to->local;
	struct nlmsghdr *message = nl_begin(nl, RTM_GETROUTE, 0, sizeof(struct rtmsg));
	struct rtmsg *info = mnl_nlmsg_get_payload(message);

	info->rtm_family = addr->family;
	info->rtm_dst_len = inet_bits(addr->family);
	info->rtm_flags = flags;
	mnl_attr_put(message, RTA_DST, inet_size(addr->family), addr->bytes);
	if (source->family == addr->family) {
		info->rtm_src_len = inet_bits(source->family);
		mnl_attr_put(message, RTA_SRC, inet_size(source->family), source->bytes);
	}
	if (to->remote.scope_id)
		mnl_attr_put_u32(message, RTA_OIF, to->remote.scope_id);
	if (nl->mark)
		mnl_attr_put_u32(message, RTA_MARK, nl->mark);
	return message;
}

/* Blackhole, unreachable and the like come after the types that lead somewhere. */
static bool leads_somewhere(uint8_t type)
{
	return type != RTN_UNSPEC && type <= RTN_MULTICAST;
}

static void keep_route(const struct link_route *route, void *arg)
{
	*(struct link_route *)arg = *route;
}

static int keep_one(const struct nlmsghdr *message, void *arg)
{
	return link_route_read(message, keep_route, arg);
}

int link_route_get(struct nl *nl, const struct inet_flow *to, struct link_route *route)
{
	int err;

	if (!is_inet(to->remote.addr.family))
		return -EINVAL;
	memset(route, 0, sizeof(*route));
	err = nl_request(nl, begin_question(nl, to, 0), keep_one, route);
	if (err < 0)
		return err;
	return leads_somewhere(route->type) ? 0 : -ENETUNREACH;
}

struct match {
	link_route_fn *call;
	void *arg;
	bool found;
};

static void each_match(const struct link_route *route, void *arg)
{
	struct match *match = arg;

	if (!leads_somewhere(route->type))
		return;
	match->found = true;
	match->call(route, match->arg);
}

static int read_match(const struct nlmsghdr *message, void *arg)
{
	return link_route_read(message, each_match, arg);
}

int link_route_match(struct nl *nl, const struct inet_flow *to, link_route_fn *each, void *arg)
{
	struct match match = { each, arg, false };
	int err;

	if (!is_inet(to->remote.addr.family))
		return -EINVAL;
	err = nl_request(nl, begin_question(nl, to, RTM_F_FIB_MATCH), read_match, &match);
	return err ? err : match.found ? 0 : -ENETUNREACH;
}

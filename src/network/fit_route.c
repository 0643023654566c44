#include <linux/rtnetlink.h>

#include "network/fit.h"

enum { FOUND_MAX = 2048 };

struct found_routes {
	uint32_t index;
	struct link_route list[FOUND_MAX];
	size_t count;
};

static void add_route(const struct link_route *route, void *arg)
{
	struct found_routes *found = arg;

	if (route->index == found->index && found->count < FOUND_MAX)
		found->list[found->count++] = *route;
}

static bool same_route(const struct link_route *route, const struct network_route *wanted, uint32_t metric)
{
	return route->protocol == RTPROT_STATIC && route->metric == (wanted->metric ? wanted->metric : metric) && route->mtu_bytes == wanted->mtu_bytes &&
	       inet_prefix_equal(&route->destination, &wanted->destination) &&
	       inet_addr_equal(&route->gateway, &wanted->gateway);
}

static bool has_route(const struct found_routes *found, const struct network_route *wanted, uint32_t metric)
{
	for (size_t i = 0; i < found->count; i++)
		if (same_route(&found->list[i], wanted, metric))
			return true;
	return false;
}

static bool wants_route(const struct fitting *fitting, const struct link_route *route)
{
	for (size_t i = 0; i < fitting->wanted->route_count; i++)
		if (same_route(route, &fitting->wanted->routes[i], fitting->metric))
			return true;
	return false;
}

static void say_route(struct fitting *fitting, int err, const struct inet_prefix *destination,
		      const struct inet_addr *gateway, const char *what)
{
	char to[INET_PREFIX_STRLEN], via[INET_ADDR_STRLEN] = "the link";

	if (gateway->family)
		inet_addr_text(gateway, via);
	fit_say(fitting, err, "route %s via %s %s", inet_prefix_text(destination, to), via, what);
}

static bool in_own_network(const struct network_nic *nic, const struct inet_addr *addr)
{
	for (size_t i = 0; i < nic->address_count; i++)
		if (inet_contains(&nic->addresses[i], addr))
			return true;
	return false;
}

/* That the gateway is on the link: the kernel sees it by the addresses, but from a /32, or when a [Route] says so. */
static bool needs_telling(const struct network_nic *nic, const struct inet_addr *gateway)
{
	return !in_own_network(nic, gateway) && !inet_addr_is_link_local(gateway);
}

/* The routes of one kind that are not there: true when any was put. In place of what is there to the same destination
 * with the same metric, so that it is never without. */
static bool put_missing(struct fitting *fitting, const struct found_routes *found, bool through_gateway)
{
	const struct network_nic *wanted = fitting->wanted;
	bool any = false;

	for (size_t i = 0; i < wanted->route_count; i++) {
		const struct network_route *route = &wanted->routes[i];
		const struct link_route fresh = { .destination = route->destination,
						  .gateway = route->gateway,
						  .index = found->index,
						  .protocol = RTPROT_STATIC,
						  .on_link = through_gateway && needs_telling(wanted, &route->gateway),
						  .metric = route->metric ? route->metric : fitting->metric,
						  .mtu_bytes = route->mtu_bytes };

		if ((route->gateway.family != 0) != through_gateway || has_route(found, route, fitting->metric))
			continue;
		say_route(fitting, link_route_put(fitting->nl, &fresh), &route->destination, &route->gateway, "added");
		any = true;
	}
	return any;
}

/* A network on the link that an advertisement named: the kernel's own route, and no address of the NIC makes it. */
static bool is_advertised(const struct fitting *fitting, const struct link_route *route)
{
	if (route->destination.addr.family != AF_INET6 || inet_addr_is_link_local(&route->destination.addr))
		return false;
	return route->protocol == RTPROT_RA || (route->protocol == RTPROT_KERNEL && !route->gateway.family &&
						!in_own_network(fitting->wanted, &route->destination.addr));
}

static bool is_stale(const struct fitting *fitting, const struct link_route *route)
{
	if (route->protocol == RTPROT_STATIC)
		return !wants_route(fitting, route);
	return fit_refuses_ra(fitting) && is_advertised(fitting, route);
}

/* What is on the link comes first: gateways are reached by it. */
void fit_routes(struct fitting *fitting)
{
	static struct found_routes found;
	bool put;
	int err;

	found.index = fitting->link->index;
	found.count = 0;
	err = link_route_each(fitting->nl, add_route, &found);
	if (!err) {
		put = put_missing(fitting, &found, false);
		put = put_missing(fitting, &found, true) || put;
		if (put)
			found.count = 0;
		err = put ? link_route_each(fitting->nl, add_route, &found) : 0;
	}
	if (err < 0) {
		fit_say(fitting, err, "cannot read the routes");
		return;
	}
	for (size_t i = 0; i < found.count; i++)
		if (is_stale(fitting, &found.list[i]))
			say_route(fitting, link_route_remove(fitting->nl, &found.list[i]), &found.list[i].destination,
				  &found.list[i].gateway, "removed");
}

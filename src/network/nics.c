#include "network/nics.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/if_arp.h>
#include <linux/rtnetlink.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/text.h"

enum { FOUND_MAX = 128, METRIC_FIRST = 1024 }; /* the kernel's own for IPv6 */

bool nics_is_nic(const struct link *link)
{
	return link->type == ARPHRD_ETHER && !link->kind[0];
}

static void add_nic(const struct link *link, void *arg)
{
	struct nics *nics = arg;

	if (nics_is_nic(link) && nics->count < NICS_MAX)
		nics->list[nics->count++] = *link;
}

int nics_find(struct nl *nl, struct nics *nics)
{
	nics->count = 0;
	return link_each(nl, add_nic, nics);
}

/* One NIC being brought to what its section says. */
struct fitting {
	struct nl *nl;
	const struct link *link;
	const struct network_nic *wanted;
	struct nics_report *report;
	uint32_t metric;
	int err; /* the first */
};

__attribute__((format(printf, 3, 4))) static void say(struct fitting *fitting, int err, const char *fmt, ...)
{
	char text[192];
	va_list ap;
	size_t len = (size_t)snprintf(text, sizeof(text), "%s: ", fitting->link->name);
	int n;

	va_start(ap, fmt);
	n = vsnprintf(text + len, sizeof(text) - len, fmt, ap);
	va_end(ap);
	len += n > 0 ? (size_t)n : 0;
	if (err < 0 && len < sizeof(text))
		text_format(text + len, sizeof(text) - len, ": %s%s%s", strerror(-err),
			 fitting->nl->error[0] ? ": " : "", fitting->nl->error);
	if (err < 0) {
		fitting->report->errors++;
		fitting->err = fitting->err ? fitting->err : err;
	} else {
		fitting->report->changes++;
	}
	if (fitting->report->say)
		fitting->report->say(fitting->report->arg, err < 0, text);
}

/* No router is to give the kernel an address on what is the dataplane's alone. */
static void fit_ipv6(const struct link *link, const struct network_nic *wanted, const struct network_nic *before)
{
	bool off = wanted && wanted->unmanaged, was_off = before && before->unmanaged;
	char sysctl[96];

	text_format(sysctl, sizeof(sysctl), "/proc/sys/net/ipv6/conf/%s/disable_ipv6", link->name);
	if (off || was_off)
		file_poke(sysctl, off ? "1" : "0");
}

static void fit_link(struct fitting *fitting)
{
	const struct link *link = fitting->link;
	uint32_t mtu_bytes = fitting->wanted->mtu_bytes;
	char sysctl[96];

	/* An address that goes must not take others of its network along. */
	text_format(sysctl, sizeof(sysctl), "/proc/sys/net/ipv4/conf/%s/promote_secondaries", link->name);
	if (!link->up)
		file_poke(sysctl, "1");
	if (mtu_bytes && link->mtu_bytes != mtu_bytes)
		say(fitting, link_set_mtu(fitting->nl, link->index, mtu_bytes), "MTU %u", mtu_bytes);
	if (!link->up)
		say(fitting, link_set_up(fitting->nl, link->index, true), "up");
}

struct found_addresses {
	struct inet_prefix list[FOUND_MAX];
	size_t count;
};

static void add_address(const struct link_address *address, void *arg)
{
	struct found_addresses *found = arg;

	/* Link-local ones and those of router advertisements are the kernel's. */
	if (address->scope != RT_SCOPE_LINK && (address->flags & IFA_F_PERMANENT) && found->count < FOUND_MAX)
		found->list[found->count++] = address->prefix;
}

static bool is_among(const struct inet_prefix *prefix, const struct inet_prefix *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (inet_prefix_equal(prefix, &list[i]))
			return true;
	return false;
}

static void fit_addresses(struct fitting *fitting)
{
	const struct network_nic *wanted = fitting->wanted;
	struct found_addresses found = { .count = 0 };
	uint32_t index = fitting->link->index;
	char text[INET_PREFIX_STRLEN];
	int err = link_address_each(fitting->nl, index, add_address, &found);

	if (err < 0) {
		say(fitting, err, "cannot read the addresses");
		return;
	}
	for (size_t i = 0; i < wanted->address_count; i++)
		if (!is_among(&wanted->addresses[i], found.list, found.count))
			say(fitting, link_address_add(fitting->nl, index, &wanted->addresses[i]), "address %s added",
			    inet_prefix_text(&wanted->addresses[i], text));
	for (size_t i = 0; i < found.count; i++)
		if (!is_among(&found.list[i], wanted->addresses, wanted->address_count))
			say(fitting, link_address_remove(fitting->nl, index, &found.list[i]), "address %s removed",
			    inet_prefix_text(&found.list[i], text));
}

struct found_routes {
	uint32_t index;
	struct link_route list[FOUND_MAX];
	size_t count;
};

static void add_route(const struct link_route *route, void *arg)
{
	struct found_routes *found = arg;

	if (route->index == found->index && route->protocol == RTPROT_STATIC && found->count < FOUND_MAX)
		found->list[found->count++] = *route;
}

static bool same_route(const struct link_route *route, const struct network_route *wanted, uint32_t metric)
{
	return route->metric == metric && inet_prefix_equal(&route->destination, &wanted->destination) &&
	       inet_addr_equal(&route->gateway, &wanted->gateway);
}

static bool has_route(const struct found_routes *found, const struct network_route *wanted, uint32_t metric)
{
	for (size_t i = 0; i < found->count; i++)
		if (same_route(&found->list[i], wanted, metric))
			return true;
	return false;
}

static bool wants_route(const struct network_nic *wanted, const struct link_route *route, uint32_t metric)
{
	for (size_t i = 0; i < wanted->route_count; i++)
		if (same_route(route, &wanted->routes[i], metric))
			return true;
	return false;
}

static void say_route(struct fitting *fitting, int err, const struct inet_prefix *destination,
		      const struct inet_addr *gateway, const char *what)
{
	char to[INET_PREFIX_STRLEN], via[INET_ADDR_STRLEN] = "the link";

	if (gateway->family)
		inet_addr_text(gateway, via);
	say(fitting, err, "route %s via %s %s", inet_prefix_text(destination, to), via, what);
}

static void remove_stale(struct fitting *fitting, const struct found_routes *found, bool same_metric)
{
	for (size_t i = 0; i < found->count; i++) {
		const struct link_route *route = &found->list[i];

		if (!wants_route(fitting->wanted, route, fitting->metric) && (route->metric == fitting->metric) == same_metric)
			say_route(fitting, link_route_remove(fitting->nl, route), &route->destination, &route->gateway,
				  "removed");
	}
}

/* A destination has one static route per link and metric, so what is stale there goes first; where only the metric
 * changes (another [Match] came before this one), the destination is never without. */
static void fit_routes(struct fitting *fitting)
{
	const struct network_nic *wanted = fitting->wanted;
	struct found_routes found = { .index = fitting->link->index };
	int err = link_route_each(fitting->nl, add_route, &found);

	if (err < 0) {
		say(fitting, err, "cannot read the routes");
		return;
	}
	remove_stale(fitting, &found, true);
	for (size_t i = 0; i < wanted->route_count; i++) {
		const struct network_route *route = &wanted->routes[i];
		const struct link_route fresh = { .destination = route->destination,
						  .gateway = route->gateway,
						  .index = found.index,
						  .protocol = RTPROT_STATIC,
						  .metric = fitting->metric };

		if (!has_route(&found, route, fitting->metric))
			say_route(fitting, link_route_add(fitting->nl, &fresh), &route->destination, &route->gateway,
				  "added");
	}
	remove_stale(fitting, &found, false);
}

int nics_apply(struct nl *nl, const struct network_conf *conf, const struct network_conf *before,
	       struct nics_report *report)
{
	static const struct network_nic nothing;
	static struct network_nic bare;
	struct nics nics;
	int err = nics_find(nl, &nics);

	for (size_t i = 0; i < nics.count; i++) {
		struct fitting fitting = { .nl = nl, .link = &nics.list[i], .report = report };
		const struct network_nic *was;

		if (!nics.list[i].has_mac)
			continue;
		fitting.wanted = network_match(conf, nics.list[i].name, nics.list[i].mac);
		was = before ? network_match(before, nics.list[i].name, nics.list[i].mac) : NULL;
		fit_ipv6(&nics.list[i], fitting.wanted, was);
		if (fitting.wanted) {
			report->matched++;
			report->with_carrier += nics.list[i].carrier;
			fitting.metric = METRIC_FIRST + (uint32_t)(fitting.wanted - conf->nics);
			fit_link(&fitting);
			/* The dataplane's alone: up, and nothing of the kernel's on it. */
			if (fitting.wanted->unmanaged) {
				bare.mtu_bytes = fitting.wanted->mtu_bytes;
				fitting.wanted = &bare;
			}
		} else if (was) {
			fitting.wanted = &nothing;
		} else {
			continue;
		}
		fit_addresses(&fitting);
		fit_routes(&fitting);
		err = err ? err : fitting.err;
	}
	return err;
}

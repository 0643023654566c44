/* [Route] of network.conf, and routes whichever key gave them. */
#include "conf/network_read.h"
#include "conf/value.h"

struct network_route *network_route_add(const struct conf_place *at)
{
	struct network_nic *nic = network_nic_of(at);

	if (nic->route_count == NETWORK_ROUTES_MAX) {
		diag_error(at->diag, at->format->file, at->line,
			   "more than %d routes for one [Match]: this one was not read", NETWORK_ROUTES_MAX);
		return NULL;
	}
	nic->routes[nic->route_count] = (struct network_route){ .line = at->line };
	return &nic->routes[nic->route_count++];
}

bool network_route_open(const struct conf_place *at, struct slice comment)
{
	struct network_read *reader = at->model;

	if (!network_section_open(at, comment))
		return false;
	reader->route = network_route_add(at);
	return reader->route != NULL;
}

void network_route_close(const struct conf_place *at)
{
	const struct network_route *route = ((struct network_read *)at->model)->route;
	uint8_t to = route->destination.addr.family, via = route->gateway.family;

	if (to && via && to != via)
		diag_error(at->diag, at->format->file, at->line,
			   "[Route] mixes IPv4 and IPv6; expected Destination and Gateway of one kind");
	if (to == AF_INET6 && route->mtu_bytes && route->mtu_bytes < NETWORK_MTU_MIN_IPV6)
		diag_error(at->diag, at->format->file, at->key_lines[ROW_ROUTE_MTU_BYTES],
			   "MTUBytes %u is too small for IPv6; expected at least %d", route->mtu_bytes, NETWORK_MTU_MIN_IPV6);
}

bool network_router(const struct conf_place *at, struct slice value, struct inet_addr *addr)
{
	if (inet_addr_parse(value, addr) == 0)
		return value_usable(at, value, addr, true);
	value_error(at, value, "not an IPv4 or IPv6 address; expected %s", at->key->syntax);
	return false;
}

void network_route_destination(const struct conf_place *at, struct slice value)
{
	struct network_route *route = ((struct network_read *)at->model)->route;
	struct inet_prefix p, network;
	char text[INET_PREFIX_STRLEN];
	bool has_len;

	if (!value_prefix(at, value, &p, &has_len))
		return;
	network = (struct inet_prefix){ inet_prefix_first(&p), p.len };
	if (!inet_prefix_equal(&p, &network))
		value_error(at, value, "an address with the length of a network; expected %s",
			    inet_prefix_text(&network, text));
	route->destination = network;
}

void network_route_gateway(const struct conf_place *at, struct slice value)
{
	network_router(at, value, &((struct network_read *)at->model)->route->gateway);
}

void network_route_mtu(const struct conf_place *at, struct slice value)
{
	uint64_t mtu;

	if (value_number(at, value, NETWORK_MTU_MIN, NETWORK_ROUTE_MTU_MAX, &mtu))
		((struct network_read *)at->model)->route->mtu_bytes = (uint32_t)mtu;
}

/* A router is reached over a network of the NIC, or over IPv6 link-local; from an address that is its own network (a /32 of a
 * hoster) every router is, since none could be named. */
static bool on_link(const struct network_nic *nic, const struct inet_addr *gateway)
{
	static const struct inet_prefix link_local = { { AF_INET6, { 0xfe, 0x80 } }, 10 };

	if (inet_contains(&link_local, gateway))
		return true;
	for (size_t i = 0; i < nic->address_count; i++)
		if (inet_contains(&nic->addresses[i], gateway) ||
		    (nic->addresses[i].addr.family == gateway->family && nic->addresses[i].len == inet_bits(gateway->family)))
			return true;
	for (size_t i = 0; i < nic->route_count; i++)
		if (!nic->routes[i].gateway.family && inet_contains(&nic->routes[i].destination, gateway))
			return true;
	return false;
}

/* What the kernel does not take as a gateway: our own address, on whichever NIC; IPv4 network and broadcast addresses. */
static const char *no_router(const struct network_conf *conf, const struct network_nic *nic, const struct inet_addr *gateway)
{
	for (size_t i = 0; i < conf->nic_count; i++)
		for (size_t j = 0; j < conf->nics[i].address_count; j++)
			if (inet_addr_equal(&conf->nics[i].addresses[j].addr, gateway))
				return "own address of this host";
	for (size_t i = 0; gateway->family == AF_INET && i < nic->address_count; i++)
		if (inet_contains(&nic->addresses[i], gateway) && value_reserved(&nic->addresses[i], gateway))
			return value_reserved(&nic->addresses[i], gateway);
	return NULL;
}

void network_routes_check(const struct network_conf *conf, const struct network_nic *nic, struct diag *diag)
{
	char addr[INET_ADDR_STRLEN], to[INET_PREFIX_STRLEN];

	for (size_t i = 0; i < nic->route_count; i++) {
		const struct network_route *route = &nic->routes[i];
		const char *wrong = route->gateway.family ? no_router(conf, nic, &route->gateway) : NULL;

		if (wrong)
			diag_error_unless_ran(diag, NETWORK_FILE, route->line, "Gateway %s is the %s; expected that of a router",
					      inet_addr_text(&route->gateway, addr), wrong);
		else if (route->gateway.family && !on_link(nic, &route->gateway))
			diag_error(
				diag, NETWORK_FILE, route->line,
				"Gateway %s is in no network of this NIC; expected one that an Address of it reaches",
				inet_addr_text(&route->gateway, addr));
		for (size_t j = 0; j < i; j++)
			if (route->destination.addr.family &&
			    inet_prefix_equal(&route->destination, &nic->routes[j].destination))
				diag_error(diag, NETWORK_FILE, route->line,
					   "a second route to %s: the first is in line %u",
					   inet_prefix_text(&route->destination, to), nic->routes[j].line);
	}
}

#include "conf/network.h"

#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

#include "conf/ini.h"
#include "conf/value.h"

/* ROUTE_MTU_MAX: the kernel keeps no larger one for a route. */
enum { MTU_MIN = 576, MTU_MAX = 65535, ROUTE_MTU_MAX = 65520, MTU_MIN_IPV6 = 1280 };

enum { NAME, MAC_ADDRESS, MTU_BYTES, UNMANAGED, ADDRESS, GATEWAY, DNS, ACCEPT_RA, DESTINATION, ROUTE_GATEWAY,
       ROUTE_MTU_BYTES };

struct reader {
	struct network_conf *conf;
	struct network_nic *nic;     /* of the last [Match], NULL when that one cannot be used */
	struct network_route *route; /* of the [Route] being read */
};

static struct network_nic *nic_of(const struct conf_place *at)
{
	return ((struct reader *)at->model)->nic;
}

static void say(const struct conf_place *at, unsigned line, const char *words)
{
	diag_error(at->diag, at->format->file, line, "%s", words);
}

static bool open_match(const struct conf_place *at, struct slice comment)
{
	struct reader *reader = at->model;
	struct network_conf *conf = reader->conf;

	(void)comment;
	reader->nic = NULL;
	if (conf->nic_count == NETWORK_NICS_MAX) {
		diag_error(at->diag, at->format->file, at->line, "more than %d [Match] sections: this one was not read",
			   NETWORK_NICS_MAX);
		return false;
	}
	reader->nic = &conf->nics[conf->nic_count++];
	*reader->nic = (struct network_nic){ .line = at->line };
	return true;
}

static void close_match(const struct conf_place *at)
{
	const struct network_conf *conf = ((struct reader *)at->model)->conf;
	const struct network_nic *nic = nic_of(at);

	if (!at->key_lines[NAME] && !at->key_lines[MAC_ADDRESS]) {
		say(at, at->line, "[Match] has no Name and no MACAddress; expected one of them or both");
		return;
	}
	for (const struct network_nic *other = conf->nics; other < nic; other++)
		if (!strcmp(other->pattern, nic->pattern) && other->has_mac == nic->has_mac &&
		    !memcmp(other->mac, nic->mac, sizeof(nic->mac)))
			diag_error(at->diag, at->format->file, at->line,
				   "[Match] fits the same NIC as the one in line %u: put both together", other->line);
}

static bool open_inner(const struct conf_place *at, struct slice comment)
{
	const struct reader *reader = at->model;

	(void)comment;
	if (!reader->nic && !reader->conf->nic_count)
		say(at, at->line, "no [Match] above this section; expected one that says which NIC is meant");
	return reader->nic != NULL;
}

/* The next free route of the NIC, or NULL after it reported there is none. */
static struct network_route *add_route(const struct conf_place *at)
{
	struct network_nic *nic = nic_of(at);

	if (nic->route_count == NETWORK_ROUTES_MAX) {
		diag_error(at->diag, at->format->file, at->line,
			   "more than %d routes for one [Match]: this one was not read", NETWORK_ROUTES_MAX);
		return NULL;
	}
	nic->routes[nic->route_count] = (struct network_route){ .line = at->line };
	return &nic->routes[nic->route_count++];
}

static bool open_route(const struct conf_place *at, struct slice comment)
{
	struct reader *reader = at->model;

	if (!open_inner(at, comment))
		return false;
	reader->route = add_route(at);
	return reader->route != NULL;
}

static void close_route(const struct conf_place *at)
{
	const struct network_route *route = ((struct reader *)at->model)->route;
	uint8_t to = route->destination.addr.family, via = route->gateway.family;

	if (to && via && to != via)
		say(at, at->line, "[Route] mixes IPv4 and IPv6; expected Destination and Gateway of one kind");
	if (to == AF_INET6 && route->mtu_bytes && route->mtu_bytes < MTU_MIN_IPV6)
		diag_error(at->diag, at->format->file, at->key_lines[ROUTE_MTU_BYTES],
			   "MTUBytes %u is too small for IPv6; expected at least %d", route->mtu_bytes, MTU_MIN_IPV6);
}

static void parse_name(const struct conf_place *at, struct slice value)
{
	struct network_nic *nic = nic_of(at);

	if (memchr(value.ptr, ' ', value.len) || memchr(value.ptr, '\t', value.len) || value.ptr[0] == '!')
		value_error(at, value, "more than one name; expected %s, and a [Match] of its own for each NIC",
			    at->key->syntax);
	else if (slice_copy(value, nic->pattern, sizeof(nic->pattern)) < 0)
		value_error(at, value, "too long; expected %s", at->key->syntax);
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool mac_from_text(struct slice value, uint8_t mac[static NETWORK_MAC_LEN])
{
	if (value.len != NETWORK_MAC_LEN * 3 - 1)
		return false;
	for (size_t i = 0; i < NETWORK_MAC_LEN; i++) {
		int high = hex_digit(value.ptr[3 * i]), low = hex_digit(value.ptr[3 * i + 1]);

		if (high < 0 || low < 0 || (i && value.ptr[3 * i - 1] != ':' && value.ptr[3 * i - 1] != '-'))
			return false;
		mac[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

static void parse_mac(const struct conf_place *at, struct slice value)
{
	static const uint8_t zero[NETWORK_MAC_LEN];
	struct network_nic *nic = nic_of(at);

	if (!mac_from_text(value, nic->mac) || nic->mac[0] & 1 || !memcmp(nic->mac, zero, sizeof(zero)))
		value_error(at, value, "not the MAC address of a NIC; expected %s", at->key->syntax);
	nic->has_mac = true;
}

static void note_repeated_address(const struct conf_place *at, struct slice value, const struct inet_addr *addr)
{
	const struct network_conf *conf = ((struct reader *)at->model)->conf;

	for (size_t i = 0; i < conf->nic_count; i++)
		for (size_t j = 0; j < conf->nics[i].address_count; j++)
			if (inet_addr_equal(&conf->nics[i].addresses[j].addr, addr)) {
				value_error(at, value, "given already, for the [Match] in line %u", conf->nics[i].line);
				return;
			}
}

static void parse_address(const struct conf_place *at, struct slice value)
{
	struct network_nic *nic = nic_of(at);
	struct inet_prefix p;
	const char *reserved;
	bool has_len;

	if (!value_prefix(at, value, &p, &has_len) || !value_usable(at, value, &p.addr, true))
		return;
	reserved = value_reserved(&p, &p.addr);
	if (!has_len || !p.len) {
		value_error(at, value, "without the length of its network; expected %s, as in %s", at->key->syntax,
			    p.addr.family == AF_INET ? "192.0.2.1/24" : "2001:db8::1/64");
		return;
	}
	if (reserved) {
		value_error(at, value, "the %s of its network; expected the address of this NIC", reserved);
		return;
	}
	if (nic->address_count == NETWORK_ADDRESSES_MAX) {
		value_error(at, value, "more than %d addresses for one [Match]", NETWORK_ADDRESSES_MAX);
		return;
	}
	note_repeated_address(at, value, &p.addr);
	nic->addresses[nic->address_count++] = p;
}

/* True for an address that a router can have. */
static bool parse_router(const struct conf_place *at, struct slice value, struct inet_addr *addr)
{
	if (inet_addr_parse(value, addr) == 0)
		return value_usable(at, value, addr, true);
	value_error(at, value, "not an IPv4 or IPv6 address; expected %s", at->key->syntax);
	return false;
}

static void parse_gateway(const struct conf_place *at, struct slice value)
{
	struct network_route *route;
	struct inet_addr gateway;

	if (!parse_router(at, value, &gateway))
		return;
	route = add_route(at);
	if (!route)
		return;
	route->gateway = gateway;
	route->destination.addr.family = gateway.family;
}

/* A name server may run here. */
static bool is_loopback(const struct inet_addr *addr)
{
	static const struct inet_prefix four = { { AF_INET, { 127 } }, 8 }, six = { { AF_INET6, { [15] = 1 } }, 128 };

	return inet_contains(&four, addr) || inet_contains(&six, addr);
}

/* link is what follows the "%"; its ptr is NULL when there was none. */
static bool parse_scope(const struct conf_place *at, struct slice value, struct slice link, struct network_dns *server)
{
	if (!link.ptr && inet_addr_is_link_local(&server->addr))
		value_error_unless_ran(at, value, "a link-local address, good on one link only; expected the NIC behind it, "
				       "as in %.*s%%eth0", SLICE_ARG(value));
	else if (link.ptr && !inet_addr_is_link_local(&server->addr))
		value_error(at, value, "only a link-local address (fe80::) is on one NIC; expected it without %%");
	else if (link.ptr && !value_device(link))
		value_error(at, value, "not the name of a NIC behind the %%");
	else
		return !link.ptr || slice_copy(link, server->link, sizeof(server->link)) == 0;
	return false;
}

static void parse_dns(const struct conf_place *at, struct slice value)
{
	struct network_conf *conf = ((struct reader *)at->model)->conf;
	struct slice link = value, addr;
	struct network_dns server = { .link = "" };
	const char *wrong;

	slice_cut(&link, '%', &addr);
	if (inet_addr_parse(addr, &server.addr) < 0)
		value_error(at, value, "not an IPv4 or IPv6 address; expected %s", at->key->syntax);
	else if ((wrong = value_unusable(&server.addr, true)) != NULL && !is_loopback(&server.addr))
		value_error_unless_ran(at, value, "%s; expected %s", wrong, at->key->syntax);
	else if (!parse_scope(at, value, link, &server))
		return;
	else if (conf->dns_count == NETWORK_DNS_MAX)
		value_error(at, value, "more than %d servers in this file; the resolver asks no more", NETWORK_DNS_MAX);
	else
		conf->dns[conf->dns_count++] = server;
}

static void parse_mtu(const struct conf_place *at, struct slice value)
{
	uint64_t mtu;

	if (value_number(at, value, MTU_MIN, MTU_MAX, &mtu))
		nic_of(at)->mtu_bytes = (uint32_t)mtu;
}

/* A boolean as systemd.syntax(7) has it. */
static bool parse_yes(const struct conf_place *at, struct slice value)
{
	static const char *const words[][2] = { { "no", "yes" }, { "false", "true" }, { "off", "on" }, { "0", "1" } };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		for (int yes = 0; yes < 2; yes++)
			if (slice_equal(value, words[i][yes]))
				return yes;
	value_error(at, value, "expected %s", at->key->syntax);
	return false;
}

static void parse_unmanaged(const struct conf_place *at, struct slice value)
{
	nic_of(at)->unmanaged = parse_yes(at, value);
}

static void parse_accept_ra(const struct conf_place *at, struct slice value)
{
	nic_of(at)->accept_ra = parse_yes(at, value) ? NETWORK_RA_YES : NETWORK_RA_NO;
}

static void parse_destination(const struct conf_place *at, struct slice value)
{
	struct network_route *route = ((struct reader *)at->model)->route;
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

static void parse_route_gateway(const struct conf_place *at, struct slice value)
{
	parse_router(at, value, &((struct reader *)at->model)->route->gateway);
}

static void parse_route_mtu(const struct conf_place *at, struct slice value)
{
	uint64_t mtu;

	if (value_number(at, value, MTU_MIN, ROUTE_MTU_MAX, &mtu))
		((struct reader *)at->model)->route->mtu_bytes = (uint32_t)mtu;
}

static const struct conf_section sections[] = {
	{ "Match", false, NULL, open_match, close_match },
	{ "Link", false, NULL, open_inner, NULL },
	{ "Network", false, NULL, open_inner, NULL },
	{ "Route", false, NULL, open_route, close_route },
};

static const struct conf_key keys[] = {
	[NAME] = { "Match", "Name", 0, "NAME or pattern with * ? [ ]", "any",
		   "The NIC that the sections below are for; the first [Match] that fits one counts.", parse_name },
	[MAC_ADDRESS] = { "Match", "MACAddress", 0, "xx:xx:xx:xx:xx:xx", "any",
			  "The same by its address; with Name, both must fit.", parse_mac },
	[MTU_BYTES] = { "Link", "MTUBytes", 0, "576..65535", "the NIC's own", "Largest packet of the NIC, in bytes.",
			parse_mtu },
	[UNMANAGED] = { "Link", "Unmanaged", 0, "yes or no", "no",
			"yes: the NIC is the dataplane's alone, with DATA_PLANE_VPN_BACKEND=lwip; the kernel gets none of "
			"its addresses and routes.",
			parse_unmanaged },
	[ADDRESS] = { "Network", "Address", KEY_REPEATABLE, "ADDRESS/LENGTH", "none", "An address of the NIC.",
		      parse_address },
	[GATEWAY] = { "Network", "Gateway", KEY_REPEATABLE, "ADDRESS", "none",
		      "Router to everything else, one of IPv4 and one of IPv6.", parse_gateway },
	[DNS] = { "Network", "DNS", KEY_REPEATABLE | KEY_WORDS, "ADDRESS, blanks between", "none",
		  "Name servers, at most three in the file; a link-local one with its NIC, as in fe80::1%eth0.", parse_dns },
	[ACCEPT_RA] = { "Network", "IPv6AcceptRA", 0, "yes or no", "yes without an Address or Gateway of IPv6, else no",
			"Whether IPv6 routers may give the NIC addresses and routes (router advertisements); a link-local Address does "
			"not count for the default.", parse_accept_ra },
	[DESTINATION] = { "Route", "Destination", KEY_REQUIRED, "NETWORK/LENGTH", "", "Where the route goes.",
			  parse_destination },
	[ROUTE_GATEWAY] = { "Route", "Gateway", 0, "ADDRESS", "none: on the link", "Router to there.",
			    parse_route_gateway },
	[ROUTE_MTU_BYTES] = { "Route", "MTUBytes", 0, "576..65520", "the NIC's", "Largest packet on the way there, in bytes.",
			      parse_route_mtu },
};

static const struct conf_hint hints[] = {
	{ "DHCP", "not available here; expected Address and Gateway", false },
};

const struct conf_format network_format = {
	.file = NETWORK_FILE,
	.sections = sections,
	.section_count = sizeof(sections) / sizeof(sections[0]),
	.keys = keys,
	.key_count = sizeof(keys) / sizeof(keys[0]),
	.hints = hints,
	.hint_count = sizeof(hints) / sizeof(hints[0]),
};

static bool has_ipv6(const struct network_nic *nic)
{
	for (size_t i = 0; i < nic->address_count; i++)
		if (nic->addresses[i].addr.family == AF_INET6)
			return true;
	for (size_t i = 0; i < nic->route_count; i++)
		if (nic->routes[i].destination.addr.family == AF_INET6)
			return true;
	return false;
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

static void check_routes(const struct network_conf *conf, const struct network_nic *nic, struct diag *diag)
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

void network_conf_init(struct network_conf *conf)
{
	memset(conf, 0, sizeof(*conf));
}

void network_parse(struct network_conf *conf, const char *text, size_t len, struct diag *diag)
{
	struct reader reader = { .conf = conf };

	conf->has_file = true;
	ini_parse(&network_format, &reader, text, len, diag);
	for (size_t i = 0; i < conf->nic_count; i++) {
		const struct network_nic *nic = &conf->nics[i];

		if (nic->mtu_bytes && nic->mtu_bytes < MTU_MIN_IPV6 && has_ipv6(nic))
			diag_error_unless_ran(diag, NETWORK_FILE, nic->line,
					      "MTUBytes %u is too small for the IPv6 address of this NIC; expected at least %d",
					      nic->mtu_bytes, MTU_MIN_IPV6);
		check_routes(conf, nic, diag);
	}
}

const struct network_nic *network_match(const struct network_conf *conf, const char *name,
					const uint8_t mac[static NETWORK_MAC_LEN])
{
	for (size_t i = 0; i < conf->nic_count; i++) {
		const struct network_nic *nic = &conf->nics[i];

		if (nic->pattern[0] && fnmatch(nic->pattern, name, 0))
			continue;
		if (nic->has_mac && memcmp(nic->mac, mac, NETWORK_MAC_LEN) != 0)
			continue;
		if (nic->pattern[0] || nic->has_mac)
			return nic;
	}
	return NULL;
}

bool network_accepts_ra(const struct network_nic *nic)
{
	if (nic->unmanaged || nic->accept_ra != NETWORK_RA_DEFAULT)
		return !nic->unmanaged && nic->accept_ra == NETWORK_RA_YES;
	for (size_t i = 0; i < nic->address_count; i++)
		if (nic->addresses[i].addr.family == AF_INET6 && !inet_addr_is_link_local(&nic->addresses[i].addr))
			return false;
	for (size_t i = 0; i < nic->route_count; i++)
		if (!nic->routes[i].destination.len && nic->routes[i].gateway.family == AF_INET6)
			return false;
	return true;
}

bool network_is_of_one_nic(const struct network_nic *nic)
{
	return nic->address_count || nic->route_count;
}

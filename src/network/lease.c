#include "network/lease.h"

#include <string.h>

#include "conf/value.h"

static const struct {
	const char *reason;
	enum lease_event event;
	uint8_t family;
} reasons[] = {
	{ "BOUND", LEASE_GIVEN, AF_INET },    { "RENEW", LEASE_GIVEN, AF_INET },    { "REBIND", LEASE_GIVEN, AF_INET },
	{ "REBOOT", LEASE_GIVEN, AF_INET },   { "EXPIRE", LEASE_LOST, AF_INET },    { "EXPIRED", LEASE_LOST, AF_INET },
	{ "FAIL", LEASE_LOST, AF_INET },      { "NAK", LEASE_REFUSED, AF_INET },    { "BOUND6", LEASE_GIVEN, AF_INET6 },
	{ "RENEW6", LEASE_GIVEN, AF_INET6 },  { "REBIND6", LEASE_GIVEN, AF_INET6 }, { "REBOOT6", LEASE_GIVEN, AF_INET6 },
	{ "EXPIRE6", LEASE_LOST, AF_INET6 },
};

enum lease_event lease_event(const char *reason, uint8_t *family)
{
	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (!strcmp(reason, reasons[i].reason)) {
			*family = reasons[i].family;
			return reasons[i].event;
		}
	return LEASE_NOTHING;
}

/* ---- what may stand in it ---- */

static bool read_addr(struct slice word, uint8_t family, bool link_local, struct inet_addr *addr)
{
	return inet_addr_parse(word, addr) == 0 && (!family || addr->family == family) && !value_unusable(addr, link_local);
}

static bool read_address(struct slice word, struct inet_prefix *to)
{
	struct inet_prefix address;
	bool has_len;

	if (inet_prefix_parse(word, &address, &has_len) < 0 || !has_len || !address.len || value_unusable(&address.addr, false) ||
	    value_reserved(&address, &address.addr))
		return false;
	*to = address;
	return true;
}

static bool add_server(struct inet_addr *list, uint8_t *count, size_t max, struct slice word, uint8_t family)
{
	struct inet_addr addr;

	if (*count == max || !read_addr(word, family, false, &addr))
		return false;
	list[(*count)++] = addr;
	return true;
}

/* 0.0.0.0 is RFC 3442's word for "on the link". */
static bool add_route(struct lease *lease, struct slice destination, struct slice gateway)
{
	struct lease_route *route = &lease->routes[lease->route_count];
	struct inet_prefix network;
	bool has_len;

	if (lease->route_count == LEASE_ROUTES_MAX || inet_prefix_parse(destination, &network, &has_len) < 0 || !has_len)
		return false;
	*route = (struct lease_route){ .destination = { inet_prefix_first(&network), network.len } };
	if (!slice_equal(gateway, "0.0.0.0") &&
	    (!read_addr(gateway, network.addr.family, false, &route->gateway) || inet_addr_equal(&route->gateway, &lease->address.addr)))
		return false;
	/* Everything on the link is no route to anywhere. */
	if (!network.len && !route->gateway.family)
		return false;
	for (size_t i = 0; i < lease->route_count; i++)
		if (inet_prefix_equal(&lease->routes[i].destination, &route->destination))
			return false;
	lease->route_count++;
	return true;
}

/* ---- dhcpcd's variables ---- */

static struct slice variable(lease_get_fn *get, const char *name)
{
	const char *value = get(name);

	return slice_of(value ? value : "");
}

static void take_servers(struct inet_addr *list, uint8_t *count, size_t max, struct slice words, uint8_t family)
{
	struct slice word;

	while (slice_word(&words, &word))
		(void)add_server(list, count, max, word, family);
}

static uint32_t take_seconds(struct slice word)
{
	uint64_t seconds;

	return text_uint(word, UINT32_MAX, &seconds) < 0 ? UINT32_MAX : (uint32_t)seconds;
}

/* RFC 3442: where there are classless routes, the router of option 3 is none. */
static void take_routes(struct lease *lease, lease_get_fn *get)
{
	struct slice routes = variable(get, "new_classless_static_routes"), routers = variable(get, "new_routers");
	struct slice destination, gateway;

	if (routes.len) {
		while (slice_word(&routes, &destination) && slice_word(&routes, &gateway))
			(void)add_route(lease, destination, gateway);
	} else if (slice_word(&routers, &gateway)) {
		(void)add_route(lease, slice_of("0.0.0.0/0"), gateway);
	}
}

static bool take_ipv4(struct lease *lease, lease_get_fn *get)
{
	char address[INET_PREFIX_STRLEN];
	struct slice server = variable(get, "new_dhcp_server_identifier");

	text_format(address, sizeof(address), "%.*s/%.*s", SLICE_ARG(variable(get, "new_ip_address")),
		    SLICE_ARG(variable(get, "new_subnet_cidr")));
	if (!read_address(slice_of(address), &lease->address) || lease->address.addr.family != AF_INET)
		return false;
	if (!read_addr(server, AF_INET, false, &lease->server))
		lease->server.family = 0;
	lease->seconds = take_seconds(variable(get, "new_dhcp_lease_time"));
	take_routes(lease, get);
	take_servers(lease->dns, &lease->dns_count, LEASE_DNS_MAX, variable(get, "new_domain_name_servers"), AF_INET);
	take_servers(lease->ntp, &lease->ntp_count, LEASE_NTP_MAX, variable(get, "new_ntp_servers"), AF_INET);
	return true;
}

/* The way to others is what routers advertise, also to those of the same network. */
static bool take_ipv6(struct lease *lease, lease_get_fn *get)
{
	char address[INET_PREFIX_STRLEN];

	text_format(address, sizeof(address), "%.*s/128", SLICE_ARG(variable(get, "new_dhcp6_ia_na1_ia_addr1")));
	if (!read_address(slice_of(address), &lease->address) || lease->address.addr.family != AF_INET6)
		return false;
	lease->seconds = take_seconds(variable(get, "new_dhcp6_ia_na1_ia_addr1_vltime"));
	take_servers(lease->dns, &lease->dns_count, LEASE_DNS_MAX, variable(get, "new_dhcp6_name_servers"), AF_INET6);
	take_servers(lease->ntp, &lease->ntp_count, LEASE_NTP_MAX, variable(get, "new_dhcp6_ntp_server_addr"), AF_INET6);
	take_servers(lease->ntp, &lease->ntp_count, LEASE_NTP_MAX, variable(get, "new_dhcp6_sntp_servers"), AF_INET6);
	return true;
}

bool lease_take(struct lease *lease, uint8_t family, lease_get_fn *get)
{
	memset(lease, 0, sizeof(*lease));
	return family == AF_INET ? take_ipv4(lease, get) : take_ipv6(lease, get);
}

/* ---- as text ---- */

static void write_servers(struct text *to, const char *word, const struct inet_addr *list, size_t count)
{
	char addr[INET_ADDR_STRLEN];

	for (size_t i = 0; i < count; i++)
		text_add(to, "%s %s\n", word, inet_addr_text(&list[i], addr));
}

void lease_write(const struct lease *lease, struct text *to)
{
	char network[INET_PREFIX_STRLEN], addr[INET_ADDR_STRLEN];

	text_add(to, "address %s\n", inet_prefix_text(&lease->address, network));
	if (lease->server.family)
		text_add(to, "server %s\n", inet_addr_text(&lease->server, addr));
	text_add(to, "seconds %u\n", lease->seconds);
	for (size_t i = 0; i < lease->route_count; i++)
		text_add(to, "route %s %s\n", inet_prefix_text(&lease->routes[i].destination, network),
			 lease->routes[i].gateway.family ? inet_addr_text(&lease->routes[i].gateway, addr) : "0.0.0.0");
	write_servers(to, "dns", lease->dns, lease->dns_count);
	write_servers(to, "ntp", lease->ntp, lease->ntp_count);
}

bool lease_read(struct lease *lease, struct slice line)
{
	struct slice word, value, gateway;
	struct inet_addr addr;
	uint64_t seconds;

	if (!slice_word(&line, &word) || !slice_word(&line, &value))
		return false;
	/* First, and once: what the rest means depends on it. */
	if (slice_equal(word, "address") != !lease->address.addr.family)
		return false;
	if (slice_equal(word, "address"))
		return read_address(value, &lease->address);
	if (slice_equal(word, "server") && read_addr(value, 0, false, &addr)) {
		lease->server = addr;
		return true;
	}
	if (slice_equal(word, "seconds") && text_uint(value, UINT32_MAX, &seconds) == 0) {
		lease->seconds = (uint32_t)seconds;
		return true;
	}
	if (slice_equal(word, "route"))
		return slice_word(&line, &gateway) && add_route(lease, value, gateway);
	if (slice_equal(word, "dns"))
		return add_server(lease->dns, &lease->dns_count, LEASE_DNS_MAX, value, 0);
	return slice_equal(word, "ntp") && add_server(lease->ntp, &lease->ntp_count, LEASE_NTP_MAX, value, 0);
}

bool lease_same(const struct lease *one, const struct lease *other)
{
	struct lease a = *one, b = *other;
	char a_bytes[LEASE_TEXT_MAX], b_bytes[LEASE_TEXT_MAX];
	struct text a_text, b_text;

	a.seconds = b.seconds = 0;
	text_init(&a_text, a_bytes, sizeof(a_bytes));
	text_init(&b_text, b_bytes, sizeof(b_bytes));
	lease_write(&a, &a_text);
	lease_write(&b, &b_text);
	return !strcmp(a_bytes, b_bytes);
}

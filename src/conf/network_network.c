/* [Network] of network.conf: addresses, routers, name servers, what is on the NIC or made of it. */
#include <string.h>

#include "conf/endpoint.h"
#include "conf/network_read.h"
#include "conf/value.h"

static void note_repeated_address(const struct conf_place *at, struct slice value, const struct inet_addr *addr)
{
	const struct network_conf *conf = ((struct network_read *)at->model)->conf;

	for (size_t i = 0; i < conf->nic_count; i++)
		for (size_t j = 0; j < conf->nics[i].address_count; j++)
			if (inet_addr_equal(&conf->nics[i].addresses[j].addr, addr)) {
				value_error(at, value, "given already, for the [Match] in line %u", conf->nics[i].line);
				return;
			}
}

void network_address(const struct conf_place *at, struct slice value)
{
	struct network_nic *nic = network_nic_of(at);
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

void network_gateway(const struct conf_place *at, struct slice value)
{
	struct network_route *route;
	struct inet_addr gateway;

	if (!network_router(at, value, &gateway))
		return;
	route = network_route_add(at);
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

void network_dns_server(const struct conf_place *at, struct slice value)
{
	struct network_conf *conf = ((struct network_read *)at->model)->conf;
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

void network_ntp_server(const struct conf_place *at, struct slice value)
{
	struct network_conf *conf = ((struct network_read *)at->model)->conf;
	struct network_ntp *server = &conf->ntp[conf->ntp_count];
	struct inet_addr addr = { 0 };

	if (inet_addr_parse(value, &addr) == 0 ? !value_usable(at, value, &addr, false) : !endpoint_is_name(value)) {
		if (!addr.family)
			value_error(at, value, "neither an address nor a host name; expected %s", at->key->syntax);
		return;
	}
	for (size_t i = 0; i < conf->ntp_count; i++)
		if (slice_equal_nocase(value, conf->ntp[i].host)) {
			value_error(at, value, "given already, in line %u", conf->ntp[i].line);
			return;
		}
	if (conf->ntp_count == NETWORK_NTP_MAX) {
		value_error(at, value, "more than %d servers in this file", NETWORK_NTP_MAX);
		return;
	}
	server->line = at->line;
	if (!slice_copy(value, server->host, sizeof(server->host)))
		conf->ntp_count++;
}

void network_ra_accept(const struct conf_place *at, struct slice value)
{
	network_nic_of(at)->accept_ra = value_yes(at, value) ? NETWORK_RA_YES : NETWORK_RA_NO;
}

void network_vlan(const struct conf_place *at, struct slice value)
{
	struct network_nic *nic = network_nic_of(at);
	struct network_vlan_name *vlan = &nic->vlans[nic->vlan_count];

	if (!value_device(value)) {
		value_error(at, value, "not a name that a [NetDev] can have; expected %s", at->key->syntax);
		return;
	}
	if (nic->vlan_count == NETWORK_VLANS_MAX) {
		value_error(at, value, "more than %d VLANs for one [Match]", NETWORK_VLANS_MAX);
		return;
	}
	vlan->line = at->line;
	(void)slice_copy(value, vlan->name, sizeof(vlan->name));
	for (size_t i = 0; i < nic->vlan_count; i++)
		if (!strcmp(nic->vlans[i].name, vlan->name)) {
			value_error(at, value, "given already, in line %u", nic->vlans[i].line);
			return;
		}
	nic->vlan_count++;
}

void network_bond(const struct conf_place *at, struct slice value)
{
	struct network_nic *nic = network_nic_of(at);

	if (!value_device(value))
		value_error(at, value, "not a name that a [NetDev] can have; expected %s", at->key->syntax);
	else
		(void)slice_copy(value, nic->bond, sizeof(nic->bond));
	nic->bond_line = at->line;
}

void network_primary(const struct conf_place *at, struct slice value)
{
	struct network_nic *nic = network_nic_of(at);

	nic->primary = value_yes(at, value);
	nic->primary_line = at->line;
}

#include "conf/network_read.h"

#include "conf/ini.h"
#include "conf/value.h"

bool network_section_open(const struct conf_place *at, struct slice comment)
{
	const struct network_read *reader = at->model;

	(void)comment;
	if (!reader->nic && !reader->conf->nic_count)
		diag_error(at->diag, at->format->file, at->line,
			   "no [Match] above this section; expected one that says which NIC is meant");
	return reader->nic != NULL;
}

static void link_mtu(const struct conf_place *at, struct slice value)
{
	uint64_t mtu;

	if (value_number(at, value, NETWORK_MTU_MIN, NETWORK_MTU_MAX, &mtu))
		network_nic_of(at)->mtu_bytes = (uint32_t)mtu;
}

static void link_unmanaged(const struct conf_place *at, struct slice value)
{
	network_nic_of(at)->unmanaged = value_yes(at, value);
}

static const struct conf_section sections[] = {
	{ "Match", false, NULL, network_match_open, network_match_close },
	{ "Link", false, NULL, network_section_open, NULL },
	{ "Network", false, NULL, network_section_open, NULL },
	{ "Route", false, NULL, network_route_open, network_route_close },
};

static const struct conf_key keys[] = {
	[ROW_NAME] = { "Match", "Name", 0, "NAME or pattern with * ? [ ]", "any",
		       "The NIC that the sections below are for; the first [Match] that fits one counts.", network_match_name },
	[ROW_MAC_ADDRESS] = { "Match", "MACAddress", 0, "xx:xx:xx:xx:xx:xx", "any",
			      "The same by its address; of several conditions, all must fit.", network_match_mac },
	[ROW_PATH] = { "Match", "Path", KEY_WORDS, "pci-0000:02:00.0, patterns too, blanks between", "any",
		       "The same by its place in the machine, as `network` shows it (udev's ID_PATH); one of several must fit.",
		       network_match_path },
	[ROW_MTU_BYTES] = { "Link", "MTUBytes", 0, "576..65535", "the NIC's own", "Largest packet of the NIC, in bytes.",
			    link_mtu },
	[ROW_UNMANAGED] = { "Link", "Unmanaged", 0, "yes or no", "no",
			    "yes: the NIC is the dataplane's alone, with DATA_PLANE_VPN_BACKEND=lwip; the kernel gets none of "
			    "its addresses and routes.",
			    link_unmanaged },
	[ROW_ADDRESS] = { "Network", "Address", KEY_REPEATABLE, "ADDRESS/LENGTH", "none", "An address of the NIC.",
			  network_address },
	[ROW_GATEWAY] = { "Network", "Gateway", KEY_REPEATABLE, "ADDRESS", "none",
			  "Router to everything else, one of IPv4 and one of IPv6.", network_gateway },
	[ROW_DNS] = { "Network", "DNS", KEY_REPEATABLE | KEY_WORDS, "ADDRESS, blanks between", "none",
		      "Name servers, at most three in the file; a link-local one with its NIC, as in fe80::1%eth0.",
		      network_dns_server },
	[ROW_ACCEPT_RA] = { "Network", "IPv6AcceptRA", 0, "yes or no", "yes without an Address or Gateway of IPv6, else no",
			    "Whether IPv6 routers may give the NIC addresses and routes (router advertisements); a "
			    "link-local Address does not count for the default.", network_ra_accept },
	[ROW_DESTINATION] = { "Route", "Destination", KEY_REQUIRED, "NETWORK/LENGTH", "", "Where the route goes.",
			      network_route_destination },
	[ROW_ROUTE_GATEWAY] = { "Route", "Gateway", 0, "ADDRESS", "none: on the link", "Router to there.",
				network_route_gateway },
	[ROW_ROUTE_MTU_BYTES] = { "Route", "MTUBytes", 0, "576..65520", "the NIC's", "Largest packet on the way there, in bytes.",
				  network_route_mtu },
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

void network_parse(struct network_conf *conf, const char *text, size_t len, struct diag *diag)
{
	struct network_read reader = { .conf = conf };

	conf->has_file = true;
	ini_parse(&network_format, &reader, text, len, diag);
	for (size_t i = 0; i < conf->nic_count; i++) {
		const struct network_nic *nic = &conf->nics[i];

		if (nic->mtu_bytes && nic->mtu_bytes < NETWORK_MTU_MIN_IPV6 && has_ipv6(nic))
			diag_error_unless_ran(diag, NETWORK_FILE, nic->line,
					      "MTUBytes %u is too small for the IPv6 address of this NIC; expected at least %d",
					      nic->mtu_bytes, NETWORK_MTU_MIN_IPV6);
		network_routes_check(conf, nic, diag);
	}
}

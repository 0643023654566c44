#include "conf/network_read.h"

#include "conf/ini.h"
#include "conf/value.h"

bool network_section_open(const struct conf_place *at, struct slice comment)
{
	const struct network_read *reader = at->model;

	(void)comment;
	if (reader->in_device) {
		diag_error(at->diag, at->format->file, at->line,
			   "a [NetDev] stands above this section; expected a [Match] between, that says which NIC is meant");
		return false;
	}
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
	{ "NetDev", false, NULL, network_device_open, NULL },
	{ "VLAN", false, NULL, network_vlan_open, NULL },
	{ "Bond", false, NULL, network_bond_open, network_bond_close },
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
	[ROW_NTP] = { "Network", "NTP", KEY_REPEATABLE | KEY_WORDS, "ADDRESS or NAME, blanks between", "none",
		      "Time servers, at most eight in the file, unless MITIGATOR_NTP says otherwise.", network_ntp_server },
	[ROW_ACCEPT_RA] = { "Network", "IPv6AcceptRA", 0, "yes or no", "yes without an Address or Gateway of IPv6, else no",
			    "Whether IPv6 routers may give the NIC addresses and routes (router advertisements); a "
			    "link-local Address does not count for the default.", network_ra_accept },
	[ROW_VLAN] = { "Network", "VLAN", KEY_REPEATABLE | KEY_WORDS, "NAME, blanks between", "none",
		       "VLANs on the NIC or bond, by the Name of their [NetDev].", network_vlan },
	[ROW_BOND] = { "Network", "Bond", 0, "NAME", "none",
		       "The bond that the NIC is a port of, by the Name of its [NetDev]; addresses, routes and MTUBytes are the bond's.",
		       network_bond },
	[ROW_PRIMARY_SLAVE] = { "Network", "PrimarySlave", 0, "yes or no", "no",
				"yes: the bond (active-backup) uses this port whenever it has carrier.", network_primary },
	[ROW_DESTINATION] = { "Route", "Destination", KEY_REQUIRED, "NETWORK/LENGTH", "", "Where the route goes.",
			      network_route_destination },
	[ROW_ROUTE_GATEWAY] = { "Route", "Gateway", 0, "ADDRESS", "none: on the link", "Router to there.",
				network_route_gateway },
	[ROW_ROUTE_MTU_BYTES] = { "Route", "MTUBytes", 0, "576..65520", "the NIC's", "Largest packet on the way there, in bytes.",
				  network_route_mtu },
	[ROW_DEVICE_NAME] = { "NetDev", "Name", KEY_REQUIRED, "NAME of 1..15 characters", "",
			      "A device that is made; a [Match] with this Name gives it addresses.", network_device_name },
	[ROW_KIND] = { "NetDev", "Kind", KEY_REQUIRED, "vlan or bond", "",
		       "What it is; [VLAN] or [Bond] below says the rest, VLAN= or Bond= in [Network] what it is made of.",
		       network_device_kind },
	[ROW_VLAN_ID] = { "VLAN", "Id", KEY_REQUIRED, "1..4094", "", "The number that its frames are tagged with.",
			  network_vlan_id },
	[ROW_BOND_MODE] = { "Bond", "Mode", KEY_REQUIRED, "active-backup or 802.3ad", "",
			    "active-backup: one port at a time, any switch; 802.3ad: all at once, by LACP with the switch.",
			    network_bond_mode },
	[ROW_MII_MONITOR] = { "Bond", "MIIMonitorSec", 0, "10ms..10s", "100ms",
			      "How often the carrier of its ports is looked at; a number alone is seconds.", network_bond_mii },
	[ROW_LACP_RATE] = { "Bond", "LACPTransmitRate", 0, "slow or fast", "slow",
			    "802.3ad: whether the switch is to send each 30 s, or each second; three missed ones take a port out.",
			    network_bond_rate },
	[ROW_HASH_POLICY] = { "Bond", "TransmitHashPolicy", 0, "layer2, layer2+3, layer3+4, encap2+3 or encap3+4", "layer2",
			      "802.3ad: what of a frame chooses the port it leaves by; layer3+4 spreads the paths to one peer.",
			      network_bond_hash },
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
	network_devices_check(conf, diag);
	network_ports_check(conf, diag);
}

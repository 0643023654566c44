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

static void link_offload(const struct conf_place *at, struct slice value)
{
	network_nic_of(at)->offloads[at->key - at->format->keys - ROW_TSO] = value_yes(at, value) ? NETWORK_ON : NETWORK_OFF;
}

#define OFFLOAD(name, initial, help) { "Link", name, 0, "yes or no", initial, help, link_offload }

static const struct conf_section sections[] = {
	{ "Match", false, NULL, network_match_open, network_match_close },
	{ "Link", false, NULL, network_section_open, NULL },
	{ "Network", false, NULL, network_section_open, NULL },
	{ "Route", false, NULL, network_route_open, network_route_close },
	{ "DHCPv4", false, NULL, network_dhcp4_open, NULL },
	{ "DHCPv6", false, NULL, network_dhcp6_open, NULL },
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
	[ROW_TSO] = OFFLOAD("TCPSegmentationOffload", "the driver's", "Whether the NIC cuts TCP over IPv4 into packets (TSO)."),
	[ROW_TSO6] = OFFLOAD("TCP6SegmentationOffload", "the driver's", "The same over IPv6."),
	[ROW_GSO] = OFFLOAD("GenericSegmentationOffload", "the driver's",
			    "Whether the kernel cuts, last of all, what the NIC does not (GSO)."),
	[ROW_USO] = OFFLOAD("UDPSegmentationOffload", "the driver's",
			    "Whether the NIC cuts what a tunnel sends at once into packets (tx-udp-segmentation)."),
	[ROW_GRO] = OFFLOAD("GenericReceiveOffload", "the driver's",
			    "Whether packets of one flow that come in together are handled as one (GRO)."),
	[ROW_GRO_FORWARDED] = OFFLOAD("GenericReceiveOffloadUDPForwarding", "yes",
				      "Likewise UDP that is for no program here, a tunnel's that is forwarded (rx-udp-gro-forwarding)."),
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
			    "Whether IPv6 routers may give the NIC addresses, routes and name servers (router advertisements); a "
			    "link-local Address does not count for the default.", network_ra_accept },
	[ROW_DHCP] = { "Network", "DHCP", 0, "yes, no, ipv4 or ipv6", "no",
		       "Whether DHCP servers may give the NIC an address, and what goes with it; yes: of both kinds. What stands in this "
		       "file wins.", network_dhcp },
	[ROW_VLAN] = { "Network", "VLAN", KEY_REPEATABLE | KEY_WORDS, "NAME, blanks between", "none",
		       "VLANs on the NIC or bond, by the Name of their [NetDev].", network_vlan },
	[ROW_BOND] = { "Network", "Bond", 0, "NAME", "none",
		       "The bond that the NIC is a port of, by the Name of its [NetDev]; addresses, routes and MTUBytes are the bond's.",
		       network_bond },
	[ROW_PRIMARY_SLAVE] = { "Network", "PrimarySlave", 0, "yes or no", "no",
				"yes: the bond (active-backup) uses this port whenever it has carrier.", network_primary },
	[ROW_LLDP] = { "Network", "LLDP", 0, "yes, no or routers-only", "yes",
		       "Whether `network` tells which switch and port the NIC is at (LLDP); routers-only: switches and routers, no hosts.",
		       network_lldp },
	[ROW_EMIT_LLDP] = { "Network", "EmitLLDP", 0, "yes, no, nearest-bridge, non-tpmr-bridge or customer-bridge", "yes, unless Unmanaged",
			    "Whether the switch is told who is at its port, and how far that goes: yes is nearest-bridge, the switch alone.",
			    network_emit_lldp },
	[ROW_DESTINATION] = { "Route", "Destination", KEY_REQUIRED, "NETWORK/LENGTH", "", "Where the route goes.",
			      network_route_destination },
	[ROW_ROUTE_GATEWAY] = { "Route", "Gateway", 0, "ADDRESS", "none: on the link", "Router to there.",
				network_route_gateway },
	[ROW_ROUTE_MTU_BYTES] = { "Route", "MTUBytes", 0, "576..65520", "the NIC's", "Largest packet on the way there, in bytes.",
				  network_route_mtu },
	[ROW_DHCP4_DNS] = { "DHCPv4", "UseDNS", 0, "yes or no", "yes", "Whether the lease's name servers are asked, behind those of DNS.",
			    network_dhcp4_dns },
	[ROW_DHCP4_NTP] = { "DHCPv4", "UseNTP", 0, "yes or no", "yes", "Whether the lease's time servers are asked.", network_dhcp4_ntp },
	[ROW_DHCP4_ROUTES] = { "DHCPv4", "UseRoutes", 0, "yes or no", "yes",
			       "Whether the lease's router, or its classless routes (option 121), are used.", network_dhcp4_routes },
	[ROW_DHCP4_METRIC] = { "DHCPv4", "RouteMetric", 0, "128..65535", "1024, and 64 more for each [Match] above",
			       "Metric of these routes; the lowest is preferred, and routes of this file have less than 128. A second NIC "
			       "that would have the same gets one more.", network_dhcp4_metric },
	[ROW_DHCP6_DNS] = { "DHCPv6", "UseDNS", 0, "yes or no", "yes", "The same of a DHCPv6 server's name servers.", network_dhcp6_dns },
	[ROW_DHCP6_NTP] = { "DHCPv6", "UseNTP", 0, "yes or no", "yes", "The same of its time servers.", network_dhcp6_ntp },
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

const struct conf_format network_format = {
	.file = NETWORK_FILE,
	.sections = sections,
	.section_count = sizeof(sections) / sizeof(sections[0]),
	.keys = keys,
	.key_count = sizeof(keys) / sizeof(keys[0]),
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
		network_dhcp_check(nic, diag);
	}
	network_devices_check(conf, diag);
	network_ports_check(conf, diag);
	network_lldp_check(conf, diag);
}

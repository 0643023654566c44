/* DHCP= of network.conf's [Network], and what of a lease is wanted: [DHCPv4], [DHCPv6]. */
#include "conf/network_read.h"
#include "conf/value.h"

/* METRIC_MIN: above what the routes of the file have (network/apply.c). */
enum { METRIC_MIN = 128, METRIC_MAX = 65535 };

void network_dhcp(const struct conf_place *at, struct slice value)
{
	struct network_nic *nic = network_nic_of(at);

	nic->dhcp_line = at->line;
	if (slice_equal(value, "ipv4"))
		nic->dhcp = NETWORK_DHCP4;
	else if (slice_equal(value, "ipv6"))
		nic->dhcp = NETWORK_DHCP6;
	else
		nic->dhcp = value_yes(at, value) ? NETWORK_DHCP4 | NETWORK_DHCP6 : NETWORK_DHCP_NO;
}

bool network_dhcp4_open(const struct conf_place *at, struct slice comment)
{
	if (!network_section_open(at, comment))
		return false;
	network_nic_of(at)->dhcp4.line = at->line;
	return true;
}

bool network_dhcp6_open(const struct conf_place *at, struct slice comment)
{
	if (!network_section_open(at, comment))
		return false;
	network_nic_of(at)->dhcp6.line = at->line;
	return true;
}

void network_dhcp4_dns(const struct conf_place *at, struct slice value)
{
	network_nic_of(at)->dhcp4.no_dns = !value_yes(at, value);
}

void network_dhcp4_ntp(const struct conf_place *at, struct slice value)
{
	network_nic_of(at)->dhcp4.no_ntp = !value_yes(at, value);
}

void network_dhcp4_routes(const struct conf_place *at, struct slice value)
{
	network_nic_of(at)->dhcp4.no_routes = !value_yes(at, value);
}

void network_dhcp4_metric(const struct conf_place *at, struct slice value)
{
	uint64_t metric;

	if (value_number(at, value, METRIC_MIN, METRIC_MAX, &metric))
		network_nic_of(at)->dhcp4.metric = (uint32_t)metric;
}

void network_dhcp6_dns(const struct conf_place *at, struct slice value)
{
	network_nic_of(at)->dhcp6.no_dns = !value_yes(at, value);
}

void network_dhcp6_ntp(const struct conf_place *at, struct slice value)
{
	network_nic_of(at)->dhcp6.no_ntp = !value_yes(at, value);
}

void network_dhcp_check(const struct network_nic *nic, struct diag *diag)
{
	if (nic->dhcp && nic->unmanaged)
		diag_error(diag, NETWORK_FILE, nic->dhcp_line,
			   "DHCP for an Unmanaged NIC: the kernel gets no address on it; expected DHCP=no, or Unmanaged=no");
	if (nic->dhcp4.line && !(nic->dhcp & NETWORK_DHCP4))
		diag_warning(diag, NETWORK_FILE, nic->dhcp4.line, "nothing of [DHCPv4] counts without DHCP=yes or DHCP=ipv4 in [Network]");
	if (nic->dhcp6.line && !(nic->dhcp & NETWORK_DHCP6))
		diag_warning(diag, NETWORK_FILE, nic->dhcp6.line, "nothing of [DHCPv6] counts without DHCP=yes or DHCP=ipv6 in [Network]");
}

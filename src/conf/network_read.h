/* What reads network.conf: the tables, and what their rows call, which is in a file for each section. */
#ifndef CONF_NETWORK_READ_H
#define CONF_NETWORK_READ_H

#include "conf/keys.h"
#include "conf/network.h"

/* ROUTE_MTU_MAX: the kernel keeps no larger one for a route. */
enum { NETWORK_MTU_MIN = 576, NETWORK_MTU_MAX = 65535, NETWORK_ROUTE_MTU_MAX = 65520, NETWORK_MTU_MIN_IPV6 = 1280 };

/* The rows of the table of keys. */
enum network_row {
	ROW_NAME, ROW_MAC_ADDRESS, ROW_PATH, ROW_MTU_BYTES, ROW_UNMANAGED,
	ROW_TSO, ROW_TSO6, ROW_GSO, ROW_USO, ROW_GRO, ROW_GRO_FORWARDED, /* in the order of enum network_offload */
	ROW_ADDRESS, ROW_GATEWAY, ROW_DNS, ROW_NTP, ROW_ACCEPT_RA,
	ROW_DHCP, ROW_VLAN, ROW_BOND, ROW_PRIMARY_SLAVE, ROW_LLDP, ROW_EMIT_LLDP, ROW_DESTINATION, ROW_ROUTE_GATEWAY, ROW_ROUTE_MTU_BYTES, ROW_DHCP4_DNS,
	ROW_DHCP4_NTP, ROW_DHCP4_ROUTES, ROW_DHCP4_METRIC, ROW_DHCP6_DNS, ROW_DHCP6_NTP, ROW_DEVICE_NAME, ROW_KIND,
	ROW_VLAN_ID, ROW_BOND_MODE, ROW_MII_MONITOR, ROW_LACP_RATE, ROW_HASH_POLICY,
};

/* The model that rows get, at->model. */
struct network_read {
	struct network_conf *conf;
	struct network_nic *nic;     /* of the last [Match], NULL when that one cannot be used */
	struct network_route *route; /* of the [Route] being read */
	struct network_device *device; /* of the last [NetDev], NULL when that one cannot be used */
	bool in_device;                /* the last of [Match] and [NetDev] was a [NetDev] */
};

static inline struct network_nic *network_nic_of(const struct conf_place *at)
{
	return ((struct network_read *)at->model)->nic;
}

/* Of every section that is for a NIC: there must be a [Match] above. */
bool network_section_open(const struct conf_place *at, struct slice comment);

/* [Match] */
bool network_match_open(const struct conf_place *at, struct slice comment);
void network_match_close(const struct conf_place *at);
void network_match_name(const struct conf_place *at, struct slice value);
void network_match_mac(const struct conf_place *at, struct slice value);
void network_match_path(const struct conf_place *at, struct slice value);

/* [Network] */
void network_address(const struct conf_place *at, struct slice value);
void network_gateway(const struct conf_place *at, struct slice value);
void network_dns_server(const struct conf_place *at, struct slice value);
void network_ntp_server(const struct conf_place *at, struct slice value);
void network_ra_accept(const struct conf_place *at, struct slice value);
void network_vlan(const struct conf_place *at, struct slice value);
void network_bond(const struct conf_place *at, struct slice value);
void network_primary(const struct conf_place *at, struct slice value);
void network_lldp(const struct conf_place *at, struct slice value);
void network_emit_lldp(const struct conf_place *at, struct slice value);

/* DHCP= of [Network], and [DHCPv4], [DHCPv6] */
void network_dhcp(const struct conf_place *at, struct slice value);
bool network_dhcp4_open(const struct conf_place *at, struct slice comment);
void network_dhcp4_dns(const struct conf_place *at, struct slice value);
void network_dhcp4_ntp(const struct conf_place *at, struct slice value);
void network_dhcp4_routes(const struct conf_place *at, struct slice value);
void network_dhcp4_metric(const struct conf_place *at, struct slice value);
bool network_dhcp6_open(const struct conf_place *at, struct slice comment);
void network_dhcp6_dns(const struct conf_place *at, struct slice value);
void network_dhcp6_ntp(const struct conf_place *at, struct slice value);

/* [NetDev], [VLAN], [Bond] */
bool network_device_open(const struct conf_place *at, struct slice comment);
void network_device_name(const struct conf_place *at, struct slice value);
void network_device_kind(const struct conf_place *at, struct slice value);
bool network_vlan_open(const struct conf_place *at, struct slice comment);
void network_vlan_id(const struct conf_place *at, struct slice value);
bool network_bond_open(const struct conf_place *at, struct slice comment);
void network_bond_close(const struct conf_place *at);
void network_bond_mode(const struct conf_place *at, struct slice value);
void network_bond_mii(const struct conf_place *at, struct slice value);
void network_bond_rate(const struct conf_place *at, struct slice value);
void network_bond_hash(const struct conf_place *at, struct slice value);

/* [Route] */
bool network_route_open(const struct conf_place *at, struct slice comment);
void network_route_close(const struct conf_place *at);
void network_route_destination(const struct conf_place *at, struct slice value);
void network_route_gateway(const struct conf_place *at, struct slice value);
void network_route_mtu(const struct conf_place *at, struct slice value);

/* The next free route of the NIC, or NULL after it reported there is none. */
struct network_route *network_route_add(const struct conf_place *at);
/* True for an address that a router can have. */
bool network_router(const struct conf_place *at, struct slice value, struct inet_addr *addr);
/* Once the file is read: every gateway can be reached, and no place is gone to twice. */
void network_routes_check(const struct network_conf *conf, const struct network_nic *nic, struct diag *diag);
/* What DHCP is asked for can be had, and is not asked for in vain. */
void network_dhcp_check(const struct network_nic *nic, struct diag *diag);
/* What is made has what it stands on, and stands on no more than one. */
void network_devices_check(const struct network_conf *conf, struct diag *diag);
/* LLDP is where cables are. */
void network_lldp_check(const struct network_conf *conf, struct diag *diag);
/* What ports and their bond leave to each other. */
void network_ports_check(const struct network_conf *conf, struct diag *diag);

#endif

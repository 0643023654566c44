/* What [NetDev] makes against what it is made of: VLAN= and Bond= of the sections for NICs. */
#include <string.h>

#include "conf/network_read.h"

/* ---- what stands on what ---- */

static const struct network_device *find(const struct network_conf *conf, const char *name)
{
	for (size_t i = 0; i < conf->device_count; i++)
		if (name[0] && !strcmp(conf->devices[i].name, name))
			return &conf->devices[i];
	return NULL;
}

/* The name behind VLAN= or Bond= is that of a [NetDev] of this kind. */
static void check_name(const struct network_conf *conf, const char *name, unsigned line, enum network_kind kind, struct diag *diag)
{
	const char *key = kind == NETWORK_VLAN ? "VLAN" : "Bond";
	const struct network_device *device = find(conf, name);

	if (!device)
		diag_error(diag, NETWORK_FILE, line, "%s \"%s\": no [NetDev] has this Name; expected one with Kind=%s", key, name,
			   network_kind_name(kind));
	else if (device->kind != NETWORK_NO_KIND && device->kind != kind)
		diag_error(diag, NETWORK_FILE, line, "%s \"%s\": the [NetDev] of this Name, in line %u, is of Kind=%s", key, name,
			   device->line, network_kind_name(device->kind));
}

/* A VLAN is on one NIC. */
static void check_vlan(const struct network_conf *conf, const struct network_device *device, struct diag *diag)
{
	unsigned first = 0;

	for (size_t i = 0; i < conf->nic_count; i++)
		for (size_t j = 0; j < conf->nics[i].vlan_count; j++) {
			const struct network_vlan_name *vlan = &conf->nics[i].vlans[j];

			if (strcmp(vlan->name, device->name) != 0)
				continue;
			if (first)
				diag_error(diag, NETWORK_FILE, vlan->line,
					   "VLAN \"%s\": it is on another NIC already, by line %u; expected a [NetDev] for each",
					   vlan->name, first);
			first = first ? first : vlan->line;
		}
	if (!first)
		diag_error(diag, NETWORK_FILE, device->line,
			   "%s is on no NIC; expected VLAN=%s in the [Network] of the one that it is on", device->name, device->name);
	if (!device->options_line)
		diag_error(diag, NETWORK_FILE, device->line, "%s has no Id; expected a [VLAN] below with Id=1..%d", device->name,
			   NETWORK_VLAN_ID_MAX);
}

static void check_bond(const struct network_conf *conf, const struct network_device *device, struct diag *diag)
{
	bool has_port = false;

	for (size_t i = 0; i < conf->nic_count; i++)
		has_port = has_port || !strcmp(conf->nics[i].bond, device->name);
	if (!has_port)
		diag_error(diag, NETWORK_FILE, device->line,
			   "%s has no ports; expected Bond=%s in the [Network] of each NIC that is one", device->name, device->name);
	if (!device->options_line)
		diag_error(diag, NETWORK_FILE, device->line,
			   "%s has no Mode; expected a [Bond] below with Mode=active-backup or Mode=802.3ad", device->name);
}

/* The kernel has one VLAN of a number on one NIC. */
static void check_ids(const struct network_conf *conf, const struct network_nic *nic, struct diag *diag)
{
	for (size_t i = 0; i < nic->vlan_count; i++)
		for (size_t j = 0; j < i; j++) {
			const struct network_device *one = network_device(conf, nic->vlans[j].name, NETWORK_VLAN);
			const struct network_device *other = network_device(conf, nic->vlans[i].name, NETWORK_VLAN);

			if (one && other && one->vlan_id && one->vlan_id == other->vlan_id)
				diag_error(diag, NETWORK_FILE, nic->vlans[i].line,
					   "VLAN \"%s\": its Id %u is that of %s, which is on the same NIC by line %u", other->name,
					   other->vlan_id, one->name, nic->vlans[j].line);
		}
}

/* One step up: the VLANs on what the section for the device says. */
static bool mark_upper(const struct network_conf *conf, const struct network_device *device, bool upper[static NETWORK_DEVICES_MAX])
{
	const struct network_nic *nic = network_match_device(conf, device->name);
	bool any = false;

	for (size_t i = 0; nic && i < nic->vlan_count; i++) {
		const struct network_device *vlan = network_device(conf, nic->vlans[i].name, NETWORK_VLAN);

		if (!vlan || upper[vlan - conf->devices])
			continue;
		upper[vlan - conf->devices] = true;
		any = true;
	}
	return any;
}

static bool is_on_itself(const struct network_conf *conf, const struct network_device *device)
{
	bool upper[NETWORK_DEVICES_MAX] = { false };
	bool more = mark_upper(conf, device, upper);

	while (more) {
		more = false;
		for (size_t i = 0; i < conf->device_count; i++)
			more = (upper[i] && mark_upper(conf, &conf->devices[i], upper)) || more;
	}
	return upper[device - conf->devices];
}

void network_devices_check(const struct network_conf *conf, struct diag *diag)
{
	for (size_t i = 0; i < conf->nic_count; i++) {
		const struct network_nic *nic = &conf->nics[i];

		for (size_t j = 0; j < nic->vlan_count; j++)
			check_name(conf, nic->vlans[j].name, nic->vlans[j].line, NETWORK_VLAN, diag);
		if (nic->bond[0])
			check_name(conf, nic->bond, nic->bond_line, NETWORK_BOND, diag);
		check_ids(conf, nic, diag);
	}
	for (size_t i = 0; i < conf->device_count; i++) {
		const struct network_device *device = &conf->devices[i];

		if (!device->name[0])
			continue;
		if (device->kind == NETWORK_VLAN)
			check_vlan(conf, device, diag);
		if (device->kind == NETWORK_BOND)
			check_bond(conf, device, diag);
		if (device->kind == NETWORK_VLAN && is_on_itself(conf, device))
			diag_error(diag, NETWORK_FILE, device->line, "%s is on itself; expected VLAN=%s for a NIC or a bond",
				   device->name, device->name);
		else if (!network_match_device(conf, device->name))
			diag_warning(diag, NETWORK_FILE, device->line,
				     "no [Match] fits %s: it gets no address; expected one with Name=%s", device->name, device->name);
	}
}

/* ---- ports ---- */

/* What networkd ignores with a warning, a person who has no other way to the machine must not find out by losing it. */
static void check_port(const struct network_conf *conf, const struct network_nic *nic, struct diag *diag)
{
	const struct {
		bool is;
		const char *what;
	} rows[] = {
		{ nic->address_count, "Address" },
		{ nic->route_count, "Gateway or [Route]" },
		{ nic->vlan_count, "VLAN" },
		{ nic->accept_ra == NETWORK_RA_YES, "IPv6AcceptRA" },
		{ nic->dhcp, "DHCP" },
		{ nic->mtu_bytes, "MTUBytes" },
		{ nic->unmanaged, "Unmanaged" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].is)
			diag_error(diag, NETWORK_FILE, nic->line,
				   "%s has no place at a port of %s; expected it below a [Match] with Name=%s", rows[i].what, nic->bond,
				   nic->bond);
	for (size_t i = 0; i < conf->device_count; i++)
		if (conf->devices[i].name[0] && network_match_device(conf, conf->devices[i].name) == nic)
			diag_error(diag, NETWORK_FILE, nic->bond_line,
				   "Bond \"%s\": this [Match] fits %s of the [NetDev] in line %u; a port is a NIC, expected a Name that fits "
				   "NICs alone", nic->bond, conf->devices[i].name, conf->devices[i].line);
}

static void check_primary(const struct network_conf *conf, const struct network_nic *nic, struct diag *diag)
{
	const struct network_device *bond = network_device(conf, nic->bond, NETWORK_BOND);

	if (!nic->bond_line)
		diag_error(diag, NETWORK_FILE, nic->primary_line, "PrimarySlave of no bond; expected Bond=NAME beside it");
	else if (bond && bond->bond.mode == NETWORK_BOND_8023AD)
		diag_error(diag, NETWORK_FILE, nic->primary_line,
			   "PrimarySlave is for Mode=active-backup; %s has 802.3ad, which uses all its ports", bond->name);
	else if (!nic->has_mac && strpbrk(nic->pattern, "*?["))
		diag_error(diag, NETWORK_FILE, nic->primary_line,
			   "PrimarySlave for all NICs that \"%s\" fits; expected a [Match] of its own for the one", nic->pattern);
	for (const struct network_nic *other = conf->nics; other < nic; other++)
		if (other->primary && nic->bond[0] && !strcmp(other->bond, nic->bond))
			diag_error(diag, NETWORK_FILE, nic->primary_line,
				   "PrimarySlave again: %s has one in line %u; keep one of them", nic->bond, other->primary_line);
}

void network_ports_check(const struct network_conf *conf, struct diag *diag)
{
	for (size_t i = 0; i < conf->nic_count; i++) {
		if (conf->nics[i].bond[0])
			check_port(conf, &conf->nics[i], diag);
		if (conf->nics[i].primary)
			check_primary(conf, &conf->nics[i], diag);
	}
}

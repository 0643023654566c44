#include "conf/reach.h"

#include <string.h>

#include "base/text.h"

/* The conditions of a [Match], as they are written. */
static void match_text(const struct network_nic *nic, char *dst, size_t cap)
{
	struct text text;

	text_init(&text, dst, cap);
	if (nic->pattern[0])
		text_add(&text, "Name=%s", nic->pattern);
	if (nic->has_mac)
		text_add(&text, "%sMACAddress=%02x:%02x:%02x:%02x:%02x:%02x", nic->pattern[0] ? ", " : "", nic->mac[0],
			 nic->mac[1], nic->mac[2], nic->mac[3], nic->mac[4], nic->mac[5]);
	if (nic->paths[0])
		text_add(&text, "%sPath=%s", nic->pattern[0] || nic->has_mac ? ", " : "", nic->paths);
}

/* Nothing is said on a host without any: the files are another's, or a driver is missing, which the network service tells. */
void reach_nics(const struct network_conf *network, const struct conf_facts *facts, struct diag *diag)
{
	bool fits[NETWORK_NICS_MAX] = { false }, address = false, any = false;
	char match[NETWORK_PATTERN_LEN + NETWORK_PATHS_LEN + 64];

	for (size_t i = 0; i < facts->link_count; i++) {
		const struct conf_link *link = &facts->links[i];
		const struct network_nic *nic = link->nic ? network_match(network, link->name, link->mac, link->path) : NULL;

		any = any || link->nic;
		if (!nic)
			continue;
		fits[nic - network->nics] = true;
		address = address || nic->address_count || nic->dhcp;
	}
	for (size_t i = 0; i < network->device_count; i++) {
		const char *name = network->devices[i].name;
		const struct network_nic *nic = name[0] ? network_match_device(network, name) : NULL;

		if (!nic)
			continue;
		fits[nic - network->nics] = true;
		address = address || nic->address_count || nic->dhcp;
	}
	for (size_t i = 0; i < network->nic_count && any; i++) {
		match_text(&network->nics[i], match, sizeof(match));
		if (!fits[i] && match[0] && !network_is_of_the_rest(&network->nics[i]))
			diag_warning(diag, NETWORK_FILE, network->nics[i].line,
				     "no NIC fits this [Match] (%s), or an earlier one has it: `network` lists them", match);
	}
	if (network->has_file && any && !address)
		diag_warning(diag, NETWORK_FILE, 1, "no NIC gets an address from this file");
}

/* What the host sends by, now or once network.conf is applied. any: whether there is anything for that family. */
static bool has_route(const struct conf_set *set, const struct conf_facts *facts, const struct inet_addr *to, bool *any)
{
	bool found = false;

	*any = false;
	for (size_t i = 0; i < facts->route_count; i++)
		if (!facts->routes[i].ours && facts->routes[i].destination.addr.family == to->family) {
			*any = true;
			found = found || inet_contains(&facts->routes[i].destination, to);
		}
	for (size_t i = 0; i < set->network.nic_count; i++) {
		const struct network_nic *nic = &set->network.nics[i];

		for (size_t j = 0; j < nic->address_count; j++)
			if (nic->addresses[j].addr.family == to->family) {
				*any = true;
				found = found || inet_contains(&nic->addresses[j], to);
			}
		for (size_t j = 0; j < nic->route_count; j++)
			found = found || inet_contains(&nic->routes[j].destination, to);
		/* Where a lease leads is not known before it is there. */
		found = found || nic->dhcp & (to->family == AF_INET ? NETWORK_DHCP4 : NETWORK_DHCP6);
	}
	return found;
}

/* Nothing is said of a family that the host has no route at all for: its network is not there yet, or comes from routers. */
void reach_endpoints(const struct conf_set *set, const struct conf_facts *facts, struct diag *diag)
{
	const struct vpn_conf *vpn = &set->vpn;
	bool any;

	for (int i = 0; i < vpn->peer_count && facts->route_count < CONF_ROUTES_MAX; i++) {
		const struct vpn_peer *peer = &vpn->peers[i];

		if (i != vpn->own && peer->addr.family && !has_route(set, facts, &peer->addr, &any) && any)
			diag_warning(diag, VPN_PUBLIC_FILE, peer->endpoint_line,
				     "no route to Endpoint %s: is a Gateway missing in " NETWORK_FILE "?", peer->host);
	}
}

static bool is_made(const struct network_conf *network, const char *name)
{
	return network_device(network, name, NETWORK_VLAN) || network_device(network, name, NETWORK_BOND);
}

void reach_device(const struct conf_set *set, const struct conf_facts *facts, struct diag *diag)
{
	const struct env_conf *env = &set->env;

	if (conf_isolated(env, facts))
		return;
	for (size_t i = 0; i < set->network.device_count; i++)
		if (!strcmp(set->network.devices[i].name, env->dataplane_device))
			diag_error(diag, ENV_FILE, env->device_line ? env->device_line : 1,
				   "DATA_PLANE_VPN_DEVICE %s: a [NetDev] makes a device of that name, by " NETWORK_FILE ":%u, and the "
				   "dataplane is not isolated; expected another name",
				   env->dataplane_device, set->network.devices[i].line);
	for (size_t i = 0; i < facts->link_count; i++)
		if (!facts->links[i].ours && !is_made(&set->network, facts->links[i].name) && !strcmp(facts->links[i].name, env->dataplane_device))
			diag_error_unless_ran(diag, env_file_of(env, ENV_KEY_DEVICE), env->device_line ? env->device_line : 1,
					      "DATA_PLANE_VPN_DEVICE %s: this host has an interface of that name, and the "
					      "dataplane is not isolated; expected another name",
					      env->dataplane_device);
}

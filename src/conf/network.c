#include "conf/network.h"

#include <fnmatch.h>
#include <string.h>

#include "base/text.h"

void network_conf_init(struct network_conf *conf)
{
	/* Only what was filled, as vpn_conf_init does. */
	memset(conf->nics, 0, conf->nic_count * sizeof(conf->nics[0]));
	memset(conf->devices, 0, conf->device_count * sizeof(conf->devices[0]));
	conf->has_file = false;
	conf->nic_count = conf->device_count = conf->dns_count = conf->ntp_count = 0;
}

static bool path_fits(const char *paths, const char *path)
{
	struct slice rest = slice_of(paths), word;
	char pattern[NETWORK_PATHS_LEN];

	while (slice_cut(&rest, ' ', &word))
		if (!slice_copy(word, pattern, sizeof(pattern)) && !fnmatch(pattern, path, 0))
			return true;
	return false;
}

const struct network_nic *network_match(const struct network_conf *conf, const char *name,
					const uint8_t mac[static NETWORK_MAC_LEN], const char *path)
{
	for (size_t i = 0; i < conf->nic_count; i++) {
		const struct network_nic *nic = &conf->nics[i];

		if (nic->pattern[0] && fnmatch(nic->pattern, name, 0))
			continue;
		if (nic->has_mac && memcmp(nic->mac, mac, NETWORK_MAC_LEN) != 0)
			continue;
		if (nic->paths[0] && (!path[0] || !path_fits(nic->paths, path)))
			continue;
		if (nic->pattern[0] || nic->has_mac || nic->paths[0])
			return nic;
	}
	return NULL;
}

const struct network_nic *network_match_device(const struct network_conf *conf, const char *name)
{
	for (size_t i = 0; i < conf->nic_count; i++) {
		const struct network_nic *nic = &conf->nics[i];

		if (nic->pattern[0] && !nic->has_mac && !nic->paths[0] && !fnmatch(nic->pattern, name, 0))
			return nic;
	}
	return NULL;
}

const struct network_device *network_device(const struct network_conf *conf, const char *name, enum network_kind kind)
{
	for (size_t i = 0; i < conf->device_count; i++)
		if (conf->devices[i].kind == kind && name[0] && !strcmp(conf->devices[i].name, name))
			return &conf->devices[i];
	return NULL;
}

bool network_has_paths(const struct network_conf *conf)
{
	for (size_t i = 0; i < conf->nic_count; i++)
		if (conf->nics[i].paths[0])
			return true;
	return false;
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

bool network_is_of_the_rest(const struct network_nic *nic)
{
	return !strcmp(nic->pattern, "*") && !nic->has_mac && !nic->paths[0];
}

enum network_emit network_emits(const struct network_nic *nic)
{
	if (nic->emit_lldp != NETWORK_EMIT_DEFAULT)
		return nic->emit_lldp;
	return nic->unmanaged ? NETWORK_EMIT_NO : NETWORK_EMIT_NEAREST;
}

bool network_is_of_one_nic(const struct network_nic *nic)
{
	return nic->address_count || nic->route_count || nic->vlan_count;
}

#include "network/devices.h"

#include <linux/if_bonding.h>
#include <string.h>

#include "base/text.h"

static const uint8_t modes[] = {
	[NETWORK_BOND_ACTIVE_BACKUP] = BOND_MODE_ACTIVEBACKUP,
	[NETWORK_BOND_8023AD] = BOND_MODE_8023AD,
};

static const uint8_t hashes[] = {
	[NETWORK_HASH_LAYER2] = BOND_XMIT_POLICY_LAYER2,    [NETWORK_HASH_LAYER34] = BOND_XMIT_POLICY_LAYER34,
	[NETWORK_HASH_LAYER23] = BOND_XMIT_POLICY_LAYER23,  [NETWORK_HASH_ENCAP23] = BOND_XMIT_POLICY_ENCAP23,
	[NETWORK_HASH_ENCAP34] = BOND_XMIT_POLICY_ENCAP34,
};

const struct link *devices_find(const struct nics *nics, const char *name)
{
	for (size_t i = 0; i < nics->count; i++)
		if (nics_is_made(&nics->list[i]) && !strcmp(nics->list[i].name, name))
			return &nics->list[i];
	return NULL;
}

struct link_bond_settings devices_bond_settings(const struct network_device *device)
{
	return (struct link_bond_settings){ .mode = modes[device->bond.mode],
					    .hash = hashes[device->bond.hash],
					    .lacp_fast = device->bond.lacp_fast,
					    .mii_ms = device->bond.mii_ms };
}

static bool has_vlan(const struct network_nic *section, const char *name)
{
	for (size_t i = 0; section && i < section->vlan_count; i++)
		if (!strcmp(section->vlans[i].name, name))
			return true;
	return false;
}

static bool is_on_its_nic(const struct nics *nics, const struct link *vlan)
{
	for (size_t i = 0; i < nics->count; i++)
		if (nics->list[i].index == vlan->lower)
			return nics->matches[i].taker == &nics->list[i] && has_vlan(nics->matches[i].section, vlan->name);
	return false;
}

bool devices_keep(struct nl *nl, const struct nics *nics, const struct network_conf *conf, const struct link *link)
{
	const struct network_device *vlan = network_device(conf, link->name, NETWORK_VLAN);
	const struct network_device *bond = network_device(conf, link->name, NETWORK_BOND);
	struct link_bond is;

	if (vlan && !strcmp(link->kind, network_kind_name(NETWORK_VLAN)))
		return vlan->vlan_id == link->vlan_id && is_on_its_nic(nics, link);
	if (!bond || strcmp(link->kind, network_kind_name(NETWORK_BOND)) != 0)
		return false;
	/* One that cannot be asked is not torn down for that. */
	return link_bond_get(nl, link->index, &is) < 0 || is.settings.mode == modes[bond->bond.mode];
}

const char *devices_words(const struct network_device *device, const char *lower, char words[static DEVICES_WORDS_LEN])
{
	if (device->kind == NETWORK_VLAN)
		text_format(words, DEVICES_WORDS_LEN, "VLAN %u on %s", device->vlan_id, lower);
	else
		text_format(words, DEVICES_WORDS_LEN, "bond, %s", network_bond_mode_name(device->bond.mode));
	return words;
}

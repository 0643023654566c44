#include <errno.h>
#include <string.h>

#include "network/devices.h"
#include "network/fit.h"

/* Its VLANs go with a bond, so that they may be gone already. */
void fit_stale(struct fitting *fitting)
{
	for (size_t i = 0; i < fitting->nics->count; i++) {
		const struct link *link = &fitting->nics->list[i];
		int err;

		if (!nics_is_made(link) || devices_keep(fitting->nl, fitting->nics, fitting->conf, link))
			continue;
		fitting->link = link;
		fitting->made_any = true;
		err = link_delete(fitting->nl, link->index);
		fit_say(fitting, err == -ENODEV ? 0 : err, "%s removed", link->kind);
	}
}

/* The alias tells whose it is, also to who starts again. */
int fit_mark(struct fitting *fitting, const char *name)
{
	struct link made = { .index = 0 };
	int err = link_get(fitting->nl, name, &made);

	if (!err)
		err = link_set_alias(fitting->nl, made.index, NICS_ALIAS);
	if (err < 0 && made.index)
		link_delete(fitting->nl, made.index);
	return err;
}

void fit_say_made(struct fitting *fitting, int err, const struct network_device *device, const char *lower)
{
	const char *kind = network_kind_name(device->kind);
	char words[DEVICES_WORDS_LEN];

	if (err == -EEXIST)
		fit_refuse(fitting, "not made: something else made a device of this name, or the same VLAN; expected another Name in "
			   NETWORK_FILE ":%u, or that device gone", device->line);
	else if (err == -EOPNOTSUPP)
		fit_refuse(fitting, "not made: this kernel has no %s", kind);
	else
		fit_say(fitting, err, "%s (%s)", err < 0 ? "not made" : "made", devices_words(device, lower, words));
	fitting->made_any = fitting->made_any || !err;
}

static void make_bond(struct fitting *fitting, const struct network_device *device)
{
	const struct link_bond_settings settings = devices_bond_settings(device);
	struct link named = { .index = 0 };
	int err = link_create_bond(fitting->nl, device->name, &settings);

	memcpy(named.name, device->name, sizeof(named.name));
	fitting->link = &named;
	if (!err)
		err = fit_mark(fitting, device->name);
	fit_say_made(fitting, err, device, "");
	fitting->link = NULL;
}

static void tell_settings(struct fitting *fitting, int err, const struct network_device *device)
{
	if (device->bond.mode == NETWORK_BOND_8023AD)
		fit_say(fitting, err, "carrier looked at each %u ms, LACP %s, ports by %s", device->bond.mii_ms,
			device->bond.lacp_fast ? "fast" : "slow", network_bond_hash_name(device->bond.hash));
	else
		fit_say(fitting, err, "carrier looked at each %u ms", device->bond.mii_ms);
}

static bool is_primary_there(const struct fitting *fitting, const struct link *bond)
{
	for (size_t i = 0; i < fitting->nics->count; i++) {
		const struct network_nic *section = fitting->nics->matches[i].section;

		if (section && section->primary && !strcmp(section->bond, bond->name))
			return true;
	}
	return false;
}

static void fit_bond(struct fitting *fitting, const struct link *link, const struct network_device *device)
{
	struct link_bond_settings wanted = devices_bond_settings(device);
	struct link_bond bond;
	int err = link_bond_get(fitting->nl, link->index, &bond);
	const struct link_bond_settings *is = &bond.settings;

	fitting->link = link;
	if (err < 0) {
		fit_say(fitting, err, "cannot read the bond");
		return;
	}
	if (device->bond.mode != NETWORK_BOND_8023AD) {
		wanted.hash = is->hash;
		wanted.lacp_fast = is->lacp_fast;
	}
	if (wanted.hash != is->hash || wanted.lacp_fast != is->lacp_fast || wanted.mii_ms != is->mii_ms) {
		/* For the rate it must be down; it is put up again as any NIC that is down. */
		if (wanted.lacp_fast != is->lacp_fast && link->up)
			err = link_set_up(fitting->nl, link->index, false);
		fitting->made_any = true;
		tell_settings(fitting, err ? err : link_bond_set(fitting->nl, link->index, is, &wanted), device);
	}
	if (bond.primary && !is_primary_there(fitting, link))
		fit_say(fitting, link_bond_set_primary(fitting->nl, link->index, 0), "no port is preferred");
}

void fit_bonds(struct fitting *fitting)
{
	const struct network_conf *conf = fitting->conf;

	for (size_t i = 0; i < conf->device_count; i++) {
		const struct network_device *device = &conf->devices[i];
		const struct link *link = device->kind == NETWORK_BOND ? devices_find(fitting->nics, device->name) : NULL;

		if (link)
			fit_bond(fitting, link, device);
		else if (device->kind == NETWORK_BOND)
			make_bond(fitting, device);
	}
}

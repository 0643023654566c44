#include "network/nics.h"

#include <linux/if_arp.h>
#include <string.h>

#include "network/hardware.h"

bool nics_is_nic(const struct link *link)
{
	return link->type == ARPHRD_ETHER && (!link->kind[0] || link->of_container);
}

bool nics_is_made(const struct link *link)
{
	return link->type == ARPHRD_ETHER && (!strcmp(link->kind, "vlan") || !strcmp(link->kind, "bond")) &&
	       !strcmp(link->alias, NICS_ALIAS);
}

const struct network_nic *nics_section_of(const struct network_conf *conf, const struct link *link)
{
	struct nic_hardware hardware = { .path = "" };

	if (!link->has_mac)
		return NULL;
	if (nics_is_made(link))
		return network_match_device(conf, link->name);
	if (network_has_paths(conf))
		hardware_read(HARDWARE_CLASS_DIR, link->name, &hardware);
	return network_match(conf, link->name, link->own_mac, hardware.path);
}

static void add_nic(const struct link *link, void *arg)
{
	struct nics *nics = arg;

	if ((nics_is_nic(link) || nics_is_made(link)) && nics->count < NICS_MAX)
		nics->list[nics->count++] = *link;
}

int nics_find(struct nl *nl, struct nics *nics)
{
	nics->count = 0;
	memset(nics->matches, 0, sizeof(nics->matches));
	return link_each(nl, add_nic, nics);
}

struct holder {
	const struct network_nic *section;
	bool holds[NICS_MAX];
	const struct nics *nics;
};

static void note_holder(const struct link_address *address, void *arg)
{
	struct holder *holder = arg;

	for (size_t i = 0; i < holder->section->address_count; i++)
		for (size_t j = 0; j < holder->nics->count; j++)
			if (holder->nics->list[j].index == address->index &&
			    inet_prefix_equal(&address->prefix, &holder->section->addresses[i]))
				holder->holds[j] = true;
}

/* A VLAN goes, and its sessions with it, when it moves to another NIC. */
static void note_vlans(struct holder *holder)
{
	for (size_t i = 0; i < holder->nics->count; i++) {
		const struct link *vlan = &holder->nics->list[i];

		for (size_t j = 0; j < holder->section->vlan_count && nics_is_made(vlan) && vlan->lower; j++)
			for (size_t k = 0; k < holder->nics->count && !strcmp(holder->section->vlans[j].name, vlan->name); k++)
				if (holder->nics->list[k].index == vlan->lower)
					holder->holds[k] = true;
	}
}

/* Two NICs with one address would answer for each other. */
static const struct link *choose_taker(const struct nics *nics, const struct holder *holder)
{
	const struct link *best = NULL;
	int best_worth = -1;

	for (size_t i = 0; i < nics->count; i++) {
		int worth = (nics->list[i].carrier ? 2 : 0) + (holder->holds[i] ? 1 : 0);

		if (nics->matches[i].section != holder->section || worth <= best_worth)
			continue;
		best = &nics->list[i];
		best_worth = worth;
	}
	return best;
}

static size_t count_fitting(const struct nics *nics, const struct network_nic *section)
{
	size_t count = 0;

	for (size_t i = 0; i < nics->count; i++)
		count += nics->matches[i].section == section;
	return count;
}

int nics_match(struct nl *nl, struct nics *nics, const struct network_conf *conf)
{
	int err = 0;

	for (size_t i = 0; i < nics->count; i++) {
		const struct link *link = &nics->list[i];

		nics->matches[i] = (struct nics_match){
			.section = nics_section_of(conf, link),
			.taker = link,
		};
	}
	for (size_t i = 0; i < conf->nic_count && !err; i++) {
		struct holder holder = { .section = &conf->nics[i], .nics = nics };
		const struct link *taker;

		if (!network_is_of_one_nic(holder.section) || count_fitting(nics, holder.section) < 2)
			continue;
		err = link_address_each(nl, 0, note_holder, &holder);
		note_vlans(&holder);
		taker = choose_taker(nics, &holder);
		for (size_t j = 0; j < nics->count; j++)
			if (nics->matches[j].section == holder.section)
				nics->matches[j].taker = taker;
	}
	return err;
}

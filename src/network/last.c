#include "network/last.h"

#include <linux/if_addr.h>
#include <linux/rtnetlink.h>

#include "base/text.h"
#include "network/devices.h"

struct holding {
	const struct nics *nics;
	bool has[NICS_MAX];        /* an address that reaches further than the link */
	bool advertised[NICS_MAX]; /* likewise, and a router gave it */
	const struct link *first;  /* that has one, and */
	struct inet_prefix address;
};

static void note_address(const struct link_address *address, void *arg)
{
	struct holding *holding = arg;

	for (size_t i = 0; i < holding->nics->count && address->scope < RT_SCOPE_LINK; i++) {
		if (holding->nics->list[i].index != address->index)
			continue;
		if (!holding->first) {
			holding->first = &holding->nics->list[i];
			holding->address = address->prefix;
		}
		holding->has[i] = true;
		holding->advertised[i] = holding->advertised[i] || !(address->flags & IFA_F_PERMANENT);
	}
}

/* What DHCP will give is not known; who asks for it means the host to have it. */
static bool gives_address(const struct network_nic *section)
{
	if (section->dhcp)
		return true;
	for (size_t i = 0; i < section->address_count; i++)
		if (!inet_addr_is_link_local(&section->addresses[i].addr))
			return true;
	return false;
}

/* An Unmanaged one is not the kernel's, but someone means it to have its address. */
static bool will_have(const struct holding *holding, size_t i, const struct network_conf *before)
{
	const struct link *link = &holding->nics->list[i];
	const struct nics_match *match = &holding->nics->matches[i];

	if (!match->section && !(before && nics_section_of(before, link)))
		return holding->has[i];
	if (!match->section)
		return holding->advertised[i];
	return (match->taker == link && gives_address(match->section)) ||
	       (holding->advertised[i] && network_accepts_ra(match->section));
}

/* What [NetDev] makes, and is not there yet, will have it. */
static bool made_will_have(const struct nics *nics, const struct network_conf *conf)
{
	for (size_t i = 0; i < conf->device_count; i++) {
		const char *name = conf->devices[i].name;
		const struct network_nic *section = name[0] && !devices_find(nics, name) ? network_match_device(conf, name) : NULL;

		if (section && gives_address(section))
			return true;
	}
	return false;
}

/* A NIC keeps what nothing of the file gives it; what is made and named no more does not stay. */
static bool goes(const struct network_conf *conf, const struct link *link)
{
	return nics_is_made(link) && !network_device(conf, link->name, NETWORK_VLAN) && !network_device(conf, link->name, NETWORK_BOND);
}

bool last_address_goes(struct nl *nl, const struct network_conf *conf, const struct network_conf *before, char *words,
		       size_t cap)
{
	static struct nics nics;
	struct holding holding = { .nics = &nics };
	char text[INET_PREFIX_STRLEN];

	if (nics_find(nl, &nics) < 0 || nics_match(nl, &nics, conf) < 0 ||
	    link_address_each(nl, 0, note_address, &holding) < 0 || !holding.first)
		return false;
	for (size_t i = 0; i < nics.count; i++)
		if (!goes(conf, &nics.list[i]) && will_have(&holding, i, before))
			return false;
	if (made_will_have(&nics, conf))
		return false;
	text_format(words, cap, "%s loses %s, and no NIC has an address then", holding.first->name,
		    inet_prefix_text(&holding.address, text));
	return true;
}

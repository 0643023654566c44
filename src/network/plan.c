#include "network/plan.h"

#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include "base/text.h"
#include "network/devices.h"
#include "network/offloads.h"

enum { HELD_MAX = 256, LINE_LEN = 160 };

static struct {
	struct link_address list[HELD_MAX];
	size_t count;
} held;

struct telling {
	const struct network_conf *conf;
	const struct leases *leases;
	const struct nics *nics;
	const struct claimed *claimed;
	void (*line)(void *arg, const char *text);
	void *arg;
	size_t count;
};

static void note_address(const struct link_address *address, void *arg)
{
	(void)arg;
	if (held.count < HELD_MAX)
		held.list[held.count++] = *address;
}

static bool gives(const struct network_nic *section, const struct inet_prefix *address)
{
	for (size_t i = 0; section && i < section->address_count; i++)
		if (inet_prefix_equal(&section->addresses[i], address))
			return true;
	return false;
}

static bool has(const struct link *link, const struct inet_prefix *address)
{
	for (size_t i = 0; i < held.count; i++)
		if (held.list[i].index == link->index && inet_prefix_equal(&held.list[i].prefix, address))
			return true;
	return false;
}

static void tell(struct telling *telling, const struct link *link, const struct inet_prefix *address, const char *words)
{
	char text[LINE_LEN], prefix[INET_PREFIX_STRLEN];

	if (telling->count++ >= NICS_PLAN_MAX)
		return;
	text_format(text, sizeof(text), "  %-5s %s   %s", link->name, inet_prefix_text(address, prefix), words);
	telling->line(telling->arg, text);
}

static void tell_added(struct telling *telling, const struct link *link, const struct inet_prefix *address)
{
	const struct claimed_address *claim = claimed_by(telling->claimed, link->index, &address->addr);
	const uint8_t *other = claim ? claim->other : NULL;
	char words[LINE_LEN / 2] = "added";

	if (other)
		text_format(words, sizeof(words), "added: ANOTHER MACHINE HAS IT, %02x:%02x:%02x:%02x:%02x:%02x", other[0], other[1], other[2],
			    other[3], other[4], other[5]);
	tell(telling, link, address, words);
}

static void tell_link(struct telling *telling, const char *name, const char *words)
{
	char text[LINE_LEN];

	if (telling->count++ >= NICS_PLAN_MAX)
		return;
	text_format(text, sizeof(text), "  %-5s %s", name, words);
	telling->line(telling->arg, text);
}

/* wanted: its section when the addresses are this NIC's; was: what it ran by. */
static void tell_nic(struct telling *telling, const struct link *link, const struct nics_match *match, const struct network_nic *was,
		     bool last)
{
	const struct network_nic *wanted = match->section && match->taker == link ? match->section : NULL;
	bool asks = wanted && wanted->dhcp & ~(was ? was->dhcp : 0u);
	char words[LINE_LEN / 2];

	text_format(words, sizeof(words), "REMOVED%s%s%s", match->section ? "" : ": no [Match] fits ", match->section ? "" : link->name,
		    !last ? "" : match->section ? ": no address is left" : "; no address is left");
	if (wanted)
		wanted = leases_onto(telling->leases, telling->conf, telling->nics, link, wanted);
	for (size_t i = 0; i < held.count; i++) {
		const struct link_address *address = &held.list[i];

		if (address->index == link->index && address->scope < RT_SCOPE_LINK && address->flags & IFA_F_PERMANENT &&
		    !gives(wanted, &address->prefix) && (match->section || gives(was, &address->prefix)))
			tell(telling, link, &address->prefix, words);
	}
	for (size_t i = 0; wanted && i < wanted->address_count; i++)
		if (!has(link, &wanted->addresses[i]))
			tell_added(telling, link, &wanted->addresses[i]);
	if (asks)
		tell_link(telling, link->name, "DHCP servers are asked for an address");
}

/* ---- what is made ---- */

/* Where a VLAN will be: a NIC or bond that is there, or will be; "" when there is none. */
static void lower_of(const struct nics *nics, const struct network_conf *conf, const struct network_device *vlan,
		     char name[static IFNAMSIZ])
{
	const struct network_nic *section = NULL;

	for (size_t i = 0; i < conf->nic_count && !section; i++)
		for (size_t j = 0; j < conf->nics[i].vlan_count; j++)
			if (!strcmp(conf->nics[i].vlans[j].name, vlan->name))
				section = &conf->nics[i];
	name[0] = '\0';
	for (size_t i = 0; section && i < nics->count; i++)
		if (nics->matches[i].section == section && nics->matches[i].taker == &nics->list[i])
			text_format(name, IFNAMSIZ, "%s", nics->list[i].name);
	for (size_t i = 0; section && !name[0] && i < conf->device_count; i++)
		if (conf->devices[i].name[0] && network_match_device(conf, conf->devices[i].name) == section)
			text_format(name, IFNAMSIZ, "%s", conf->devices[i].name);
}

static void tell_created(struct telling *telling, const struct nics *nics, const struct network_conf *conf,
			 const struct network_device *device)
{
	const struct network_nic *section = network_match_device(conf, device->name);
	struct link made = { .index = 0 };
	char words[DEVICES_WORDS_LEN], lower[IFNAMSIZ], text[LINE_LEN / 2];

	lower_of(nics, conf, device, lower);
	text_format(text, sizeof(text), "created: %s", devices_words(device, lower[0] ? lower : "a NIC that is not there", words));
	tell_link(telling, device->name, text);
	memcpy(made.name, device->name, sizeof(made.name));
	for (size_t i = 0; section && i < section->address_count; i++)
		tell(telling, &made, &section->addresses[i], "added");
}

static void tell_port(struct telling *telling, const struct nics *nics, const struct link *link, const struct network_nic *section)
{
	const char *bond = section ? section->bond : "";
	char words[LINE_LEN / 2];

	for (size_t i = 0; i < nics->count; i++) {
		const struct link *is = &nics->list[i];

		if (is->index != link->master || !strcmp(is->name, bond))
			continue;
		text_format(words, sizeof(words), "no port of %s any more", is->name);
		tell_link(telling, link->name, words);
	}
	if (!bond[0] || (link->master && devices_find(nics, bond) && devices_find(nics, bond)->index == link->master))
		return;
	text_format(words, sizeof(words), "port of %s", bond);
	tell_link(telling, link->name, words);
}

static void tell_offloads(struct telling *telling, const struct link *link, const struct network_nic *section)
{
	struct ethtool_features is;
	char words[LINE_LEN / 2];

	if (offloads_get(link->index, &is) < 0)
		return;
	for (unsigned i = 0; i < NETWORK_OFFLOADS; i++) {
		enum network_switch wanted = offloads_due(link, section, (enum network_offload)i);

		if (wanted == NETWORK_UNSAID || (is.active >> i & 1) == (wanted == NETWORK_ON) || !(is.can >> i & 1))
			continue;
		text_format(words, sizeof(words), "%s %s", offloads_name((enum network_offload)i), wanted == NETWORK_ON ? "on" : "off");
		tell_link(telling, link->name, words);
	}
}

static void tell_devices(struct telling *telling, struct nl *nl, const struct nics *nics, const struct network_conf *conf)
{
	for (size_t i = 0; i < nics->count; i++)
		if (nics_is_made(&nics->list[i]) && !devices_keep(nl, nics, conf, &nics->list[i]))
			tell_link(telling, nics->list[i].name, "REMOVED");
	for (size_t i = 0; i < conf->device_count; i++) {
		const struct link *link = devices_find(nics, conf->devices[i].name);

		if (conf->devices[i].name[0] && (!link || !devices_keep(nl, nics, conf, link)))
			tell_created(telling, nics, conf, &conf->devices[i]);
	}
	for (size_t i = 0; i < nics->count; i++)
		tell_port(telling, nics, &nics->list[i], nics->matches[i].section);
	for (size_t i = 0; i < nics->count; i++)
		tell_offloads(telling, &nics->list[i], nics->matches[i].section);
}

void nics_plan_lines(struct nl *nl, const struct network_conf *conf, const struct leases *leases, const struct network_conf *before,
		     bool last, const struct claimed *claimed, void (*line)(void *arg, const char *text), void *arg)
{
	static struct nics nics;
	struct telling telling = { .conf = conf, .leases = leases, .nics = &nics, .claimed = claimed, .line = line, .arg = arg };
	char text[LINE_LEN];

	held.count = 0;
	if (nics_find(nl, &nics) < 0 || nics_match(nl, &nics, conf) < 0 || link_address_each(nl, 0, note_address, NULL) < 0)
		return;
	tell_devices(&telling, nl, &nics, conf);
	for (size_t i = 0; i < nics.count; i++)
		tell_nic(&telling, &nics.list[i], &nics.matches[i], before ? nics_section_of(before, &nics.list[i]) : NULL, last);
	text_format(text, sizeof(text), "  and %zu more change%s of NICs", telling.count - NICS_PLAN_MAX,
		    text_plural(telling.count - NICS_PLAN_MAX));
	if (telling.count > NICS_PLAN_MAX)
		line(arg, text);
}

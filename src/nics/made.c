#include "nics/made.h"

#include <linux/if_bonding.h>
#include <string.h>

#include "base/text.h"
#include "netlink/bond.h"
#include "nics/around.h"

enum { ROW_LEN = 256 };

static const char *name_of(const struct nics *nics, uint32_t index)
{
	for (size_t i = 0; i < nics->count; i++)
		if (index && nics->list[i].index == index)
			return nics->list[i].name;
	return NULL;
}

static const char *hash_name(uint8_t hash)
{
	static const char *const names[] = {
		[BOND_XMIT_POLICY_LAYER2] = "layer2",      [BOND_XMIT_POLICY_LAYER34] = "layer3+4",
		[BOND_XMIT_POLICY_LAYER23] = "layer2+3",   [BOND_XMIT_POLICY_ENCAP23] = "encap2+3",
		[BOND_XMIT_POLICY_ENCAP34] = "encap3+4",
	};

	return hash < sizeof(names) / sizeof(names[0]) ? names[hash] : "?";
}

static void add_lacp(struct text *row, const struct link_bond *bond)
{
	static const uint8_t none[LINK_MAC_LEN];
	const uint8_t *mac = bond->partner;

	text_add(row, ", LACP %s, ports by %s, ", bond->settings.lacp_fast ? "fast" : "slow", hash_name(bond->settings.hash));
	if (!memcmp(mac, none, sizeof(none)))
		text_add(row, "NO PARTNER: no LACP from the other end");
	else
		text_add(row, "partner %02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
}

static void print_bond(const struct link_bond *bond, const struct nics *nics, wrap_line_fn *line, void *arg)
{
	const char *active = name_of(nics, bond->active), *primary = name_of(nics, bond->primary);
	char bytes[ROW_LEN];
	struct text row;

	text_init(&row, bytes, sizeof(bytes));
	if (bond->settings.mode == BOND_MODE_8023AD) {
		text_add(&row, "  bond     802.3ad");
		add_lacp(&row, bond);
	} else {
		text_add(&row, "  bond     active-backup, %s%s", active ? "by " : "NO PORT CARRIES", active ? active : "");
		text_add(&row, "%s%s", primary ? ", preferred " : "", primary ? primary : "");
	}
	text_add(&row, "; carrier looked at each %u ms", bond->settings.mii_ms);
	wrap_text(bytes, AROUND_LABEL, line, arg);
}

static const char *port_state(const struct link_bond *bond, const struct link_bond_port *port)
{
	if (!port->up)
		return "NO CARRIER";
	if (bond->settings.mode != BOND_MODE_8023AD)
		return port->in_use ? "in use" : "stands by";
	return port->aggregator == bond->aggregator ? "in use" : "NOT IN USE: its LACP partner is another, or none";
}

static void print_port(struct nl *nl, const struct link *link, const struct link_bond *bond, wrap_line_fn *line, void *arg)
{
	struct link_bond_port port;
	char bytes[ROW_LEN];
	struct text row;

	if (link_bond_port_get(nl, link->index, &port) < 0)
		return;
	text_init(&row, bytes, sizeof(bytes));
	text_add(&row, "  port     %s, %s", link->name, port_state(bond, &port));
	if (port.failures)
		text_add(&row, ", went %u time%s", port.failures, text_plural(port.failures));
	wrap_text(bytes, AROUND_LABEL, line, arg);
}

void made_print(struct nl *nl, const struct nics *nics, const struct link *link, wrap_line_fn *line, void *arg)
{
	const char *lower = name_of(nics, link->lower), *master = name_of(nics, link->master);
	struct link_bond bond;
	char bytes[ROW_LEN];

	if (nics_is_made(link) && link->vlan_id) {
		text_format(bytes, sizeof(bytes), "  VLAN     %u on %s", link->vlan_id, lower ? lower : "another device");
		line(arg, bytes);
	}
	if (master) {
		text_format(bytes, sizeof(bytes), "  port     of %s", master);
		line(arg, bytes);
	}
	if (!nics_is_made(link) || link->vlan_id || link_bond_get(nl, link->index, &bond) < 0)
		return;
	print_bond(&bond, nics, line, arg);
	for (size_t i = 0; i < nics->count; i++)
		if (nics->list[i].master == link->index)
			print_port(nl, &nics->list[i], &bond, line, arg);
}

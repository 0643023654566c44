#include "network/offloads.h"

#include <errno.h>

static const struct {
	const char *feature; /* as the kernel has it */
	const char *name;
	enum network_switch initial; /* where the file says nothing */
} offloads[NETWORK_OFFLOADS] = {
	[NETWORK_TSO] = { "tx-tcp-segmentation", "TSO", NETWORK_UNSAID },
	[NETWORK_TSO6] = { "tx-tcp6-segmentation", "TSO of IPv6", NETWORK_UNSAID },
	[NETWORK_GSO] = { "tx-generic-segmentation", "GSO", NETWORK_UNSAID },
	[NETWORK_USO] = { "tx-udp-segmentation", "UDP segmentation", NETWORK_UNSAID },
	[NETWORK_GRO] = { "rx-gro", "GRO", NETWORK_UNSAID },
	/* Of the kernel alone, whatever the hardware; off at first for who had it so before there was such a thing. */
	[NETWORK_GRO_FORWARDED] = { "rx-udp-gro-forwarding", "GRO of forwarded UDP", NETWORK_ON },
};

static const char *const *features(void)
{
	static const char *names[NETWORK_OFFLOADS];

	for (size_t i = 0; i < NETWORK_OFFLOADS; i++)
		names[i] = offloads[i].feature;
	return names;
}

struct ethtool *offloads_ethtool(void)
{
	static struct ethtool ethtool;
	static bool tried;

	if (!tried)
		(void)ethtool_open(&ethtool);
	tried = true;
	return ethtool.nl.socket ? &ethtool : NULL;
}

int offloads_get(uint32_t index, struct ethtool_features *is)
{
	struct ethtool *ethtool = offloads_ethtool();

	*is = (struct ethtool_features){ .can = 0 };
	return ethtool ? ethtool_features_get(ethtool, index, features(), NETWORK_OFFLOADS, is) : -EOPNOTSUPP;
}

int offloads_set(uint32_t index, uint32_t mask, uint32_t values)
{
	struct ethtool *ethtool = offloads_ethtool();

	return ethtool ? ethtool_features_set(ethtool, index, features(), NETWORK_OFFLOADS, mask, values) : -EOPNOTSUPP;
}

const char *offloads_words(void)
{
	struct ethtool *ethtool = offloads_ethtool();

	return ethtool ? ethtool->nl.error : "";
}

const char *offloads_name(enum network_offload offload)
{
	return offloads[offload].name;
}

enum network_switch offloads_wanted(const struct link *link, const struct network_nic *section, enum network_offload offload)
{
	if (!section || !section->line)
		return NETWORK_UNSAID;
	if (section->offloads[offload] != NETWORK_UNSAID)
		return section->offloads[offload];
	return link->kind[0] ? NETWORK_UNSAID : offloads[offload].initial;
}

static struct offloads_found found[NICS_MAX];

static bool is_there(const struct nics *nics, uint32_t index)
{
	for (size_t i = 0; i < nics->count; i++)
		if (nics->list[i].index == index)
			return true;
	return false;
}

static struct offloads_found *known(uint32_t index)
{
	for (size_t i = 0; i < NICS_MAX; i++)
		if (found[i].index == index)
			return &found[i];
	return NULL;
}

struct offloads_found *offloads_found(const struct nics *nics, uint32_t index)
{
	struct offloads_found *its = known(index);

	for (size_t i = 0; !its && i < NICS_MAX; i++)
		if (!is_there(nics, found[i].index)) {
			its = &found[i];
			*its = (struct offloads_found){ .index = index };
		}
	return its;
}

enum network_switch offloads_due(const struct link *link, const struct network_nic *section, enum network_offload offload)
{
	enum network_switch wanted = offloads_wanted(link, section, offload);
	const struct offloads_found *its = known(link->index);

	if (wanted != NETWORK_UNSAID || !its || !(its->mask >> offload & 1))
		return wanted;
	return its->was >> offload & 1 ? NETWORK_ON : NETWORK_OFF;
}

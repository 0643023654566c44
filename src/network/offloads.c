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

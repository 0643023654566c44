#include "nics/missing.h"

#include "base/log.h"
#include "network/nics.h"

void missing_tell(struct nl *nl, const struct network_conf *conf, unsigned waited_s)
{
	bool fits[NETWORK_NICS_MAX] = { false };
	static struct nics nics;

	if (nics_find(nl, &nics) < 0 || nics_match(nl, &nics, conf) < 0)
		return;
	for (size_t i = 0; i < nics.count; i++) {
		const struct link *link = &nics.list[i];
		const struct network_nic *nic = nics.matches[i].section;

		if (!nic)
			continue;
		fits[nic - conf->nics] = true;
		if (!link->carrier && nics.matches[i].taker == link)
			log_err("%s has no carrier after %u s: cable, switch port?", link->name, waited_s);
	}
	for (size_t i = 0; i < conf->nic_count; i++)
		if (!fits[i] && !(nics.count && network_is_of_the_rest(&conf->nics[i])))
			log_err(NETWORK_FILE ":%u: no NIC fits this [Match] after %u s: `network` lists them", conf->nics[i].line, waited_s);
}

/* LLDP= and EmitLLDP= of network.conf. */
#include <string.h>

#include "conf/network_read.h"
#include "conf/value.h"

void network_lldp(const struct conf_place *at, struct slice value)
{
	struct network_nic *nic = network_nic_of(at);

	nic->lldp_line = at->line;
	if (slice_equal(value, "routers-only"))
		nic->lldp = NETWORK_LLDP_ROUTERS;
	else
		nic->lldp = value_yes(at, value) ? NETWORK_LLDP_YES : NETWORK_LLDP_NO;
}

void network_emit_lldp(const struct conf_place *at, struct slice value)
{
	static const char *const words[] = { "nearest-bridge", "non-tpmr-bridge", "customer-bridge" };
	enum { WORDS = sizeof(words) / sizeof(words[0]) };
	struct network_nic *nic = network_nic_of(at);
	size_t place = slice_among(value, words, WORDS);

	nic->lldp_line = at->line;
	if (place < WORDS)
		nic->emit_lldp = (enum network_emit)(NETWORK_EMIT_NEAREST + place);
	else
		nic->emit_lldp = value_yes(at, value) ? NETWORK_EMIT_NEAREST : NETWORK_EMIT_NO;
}

/* A [Match] that fits NICs as well may say it. */
void network_lldp_check(const struct network_conf *conf, struct diag *diag)
{
	for (size_t i = 0; i < conf->device_count; i++) {
		const char *name = conf->devices[i].name;
		const struct network_nic *nic = name[0] ? network_match_device(conf, name) : NULL;

		if (nic && nic->lldp_line && !strcmp(nic->pattern, name))
			diag_error(diag, NETWORK_FILE, nic->lldp_line,
				   "LLDP has no place at %s, which has no cable of its own; expected it below the [Match] of a NIC", name);
	}
}

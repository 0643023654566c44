#include "network/fit.h"
#include "network/offloads.h"

static void switch_them(struct fitting *fitting, uint32_t change, uint32_t on, uint32_t asked)
{
	struct ethtool_features now = { .active = 0 };
	int err = offloads_set(fitting->link->index, change, on);

	if (!err)
		err = offloads_get(fitting->link->index, &now);
	for (unsigned i = 0; i < NETWORK_OFFLOADS; i++) {
		const char *name = offloads_name((enum network_offload)i);
		const uint32_t bit = UINT32_C(1) << i;

		if (!(change & bit))
			continue;
		if (err < 0 || (now.active & bit) == (on & bit))
			fit_say_by(fitting, offloads_words(), err, "%s %s", name, on & bit ? "on" : "off");
		else if (asked & bit)
			fit_refuse(fitting, "%s stays %s: the driver ties it to another offload", name, on & bit ? "off" : "on");
	}
}

/* What the file itself says, and what is wanted of the NIC in all. */
static uint32_t asked_of(const struct fitting *fitting, uint32_t *wanted)
{
	uint32_t asked = 0;

	*wanted = 0;
	for (unsigned i = 0; i < NETWORK_OFFLOADS; i++) {
		const uint32_t bit = UINT32_C(1) << i;

		asked |= fitting->wanted->offloads[i] != NETWORK_UNSAID ? bit : 0;
		*wanted |= offloads_wanted(fitting->link, fitting->wanted, (enum network_offload)i) != NETWORK_UNSAID ? bit : 0;
	}
	return asked;
}

void fit_offloads(struct fitting *fitting)
{
	uint32_t change = 0, on = 0, any;
	const uint32_t asked = asked_of(fitting, &any);
	struct offloads_found *before = offloads_found(fitting->nics, fitting->link->index);
	struct ethtool_features is;
	int err;

	/* Each event of the host comes by here. */
	if (!before || !(any | before->mask))
		return;
	err = offloads_get(fitting->link->index, &is);
	if (err < 0 && asked)
		fit_refuse(fitting, "its offloads cannot be switched: this kernel or the driver does not tell them");
	if (err < 0)
		return;
	for (unsigned i = 0; i < NETWORK_OFFLOADS; i++) {
		enum network_switch wanted = offloads_wanted(fitting->link, fitting->wanted, (enum network_offload)i),
				    due = offloads_due(fitting->link, fitting->wanted, (enum network_offload)i);
		const uint32_t bit = UINT32_C(1) << i, to = due == NETWORK_ON ? bit : 0;

		if (due == NETWORK_UNSAID)
			continue;
		if ((is.active & bit) == to) {
			before->mask &= wanted == NETWORK_UNSAID ? ~bit : ~UINT32_C(0);
			continue;
		}
		if (!(is.can & bit)) {
			if (asked & bit)
				fit_refuse(fitting, "%s cannot be switched %s: the NIC %s", offloads_name((enum network_offload)i),
					   to ? "on" : "off", to ? "has none" : "always does it");
			continue;
		}
		if (wanted != NETWORK_UNSAID && !(before->mask & bit)) {
			before->mask |= bit;
			before->was = (before->was & ~bit) | (is.active & bit);
		}
		change |= bit;
		on |= to;
	}
	if (change)
		switch_them(fitting, change, on, asked);
}

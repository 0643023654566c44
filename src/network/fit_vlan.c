#include <string.h>

#include "netlink/vlan.h"
#include "network/devices.h"
#include "network/fit.h"

static void make_vlan(struct fitting *fitting, const struct network_device *device)
{
	const struct link *lower = fitting->link;
	struct link named = { .index = 0 };
	int err = link_create_vlan(fitting->nl, device->name, lower->index, device->vlan_id);

	memcpy(named.name, device->name, sizeof(named.name));
	fitting->link = &named;
	if (!err)
		err = fit_mark(fitting, device->name);
	fit_say_made(fitting, err, device, lower->name);
	fitting->link = lower;
}

void fit_vlans(struct fitting *fitting)
{
	for (size_t i = 0; i < fitting->wanted->vlan_count; i++) {
		const struct network_device *device = network_device(fitting->conf, fitting->wanted->vlans[i].name, NETWORK_VLAN);

		/* What is there is as the file says: fit_stale took away what was not. */
		if (device && !devices_find(fitting->nics, device->name))
			make_vlan(fitting, device);
	}
}

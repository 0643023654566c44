#include "netlink/bond.h"
#include "network/devices.h"
#include "network/fit.h"

/* What the kernel refused: to try takes the NIC down for a moment, and each event of the host comes by here. */
static struct refused {
	uint32_t port, bond;
} refused[NICS_MAX];

static struct refused *refused_by(uint32_t port)
{
	for (size_t i = 0; i < NICS_MAX; i++)
		if (refused[i].port == port || !refused[i].port)
			return &refused[i];
	return &refused[0];
}

static bool is_refused(const struct link *port, const struct link *bond)
{
	const struct refused *by = refused_by(port->index);

	return by->port == port->index && by->bond == bond->index;
}

static const struct link *find_index(const struct nics *nics, uint32_t index)
{
	for (size_t i = 0; i < nics->count; i++)
		if (nics->list[i].index == index)
			return &nics->list[i];
	return NULL;
}

/* The bond's carrier, and whether the NIC is up, are others now. */
static void look_anew(struct fitting *fitting)
{
	static struct link now;

	fitting->made_any = true;
	if (link_get_index(fitting->nl, fitting->link->index, &now) == 0)
		fitting->link = &now;
}

static void leave(struct fitting *fitting, const struct link *bond)
{
	fit_say(fitting, link_set_master(fitting->nl, fitting->link->index, 0), "no port of %s any more", bond->name);
}

/* The kernel takes as a port what is down, and puts it up. */
static int join(struct fitting *fitting, const struct link *bond)
{
	const struct link *link = fitting->link;
	int err = link->up ? link_set_up(fitting->nl, link->index, false) : 0;

	if (!err)
		err = link_set_master(fitting->nl, link->index, bond->index);
	fit_say(fitting, err, "port of %s", bond->name);
	*refused_by(link->index) = (struct refused){ link->index, err < 0 ? bond->index : 0 };
	return err;
}

static void prefer(struct fitting *fitting, const struct link *bond)
{
	struct link_bond is;

	if (link_bond_get(fitting->nl, bond->index, &is) == 0 && is.primary != fitting->link->index)
		fit_say(fitting, link_bond_set_primary(fitting->nl, bond->index, fitting->link->index), "the preferred port of %s",
			bond->name);
}

void fit_port(struct fitting *fitting)
{
	const char *name = fitting->wanted->bond;
	const struct link *bond = name[0] ? devices_find(fitting->nics, name) : NULL;
	const struct link *is = fitting->link->master ? find_index(fitting->nics, fitting->link->master) : NULL;
	int err = 0;

	/* A bond or bridge that others made keeps its ports, unless one is wanted here; and one that could not be made has none. */
	if (name[0] && !bond)
		return;
	/* A reconfigure tries once more. */
	if (bond && !fitting->before && is_refused(fitting->link, bond))
		return;
	if (is && is != bond)
		leave(fitting, is);
	if (bond && fitting->link->master != bond->index)
		err = join(fitting, bond);
	if ((is || bond) && is != bond)
		look_anew(fitting);
	if (bond && !err && fitting->wanted->primary)
		prefer(fitting, bond);
}

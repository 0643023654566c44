#include "conf/nics.h"

static bool fits(const struct network_conf *network, const struct network_nic *section, const struct conf_link *nic)
{
	return nic->nic && network_match(network, nic->name, nic->mac, nic->path) == section;
}

/* One address on two NICs: with one cable it is clear which is meant. */
static void check_one_nic(const struct network_conf *network, const struct network_nic *section,
			  const struct conf_facts *facts, struct diag *diag)
{
	const struct conf_link *first = NULL;

	for (size_t i = 0; i < facts->link_count && network_is_of_one_nic(section); i++) {
		const struct conf_link *nic = &facts->links[i];

		if (!nic->carrier || !fits(network, section, nic))
			continue;
		if (first) {
			diag_error_unless_ran(diag, NETWORK_FILE, section->line,
					      "[Match] fits %s and %s, which both have carrier, and only one can have its "
					      "addresses and routes; expected a [Match] of its own for each",
					      first->name, nic->name);
			return;
		}
		first = nic;
	}
}

static void check_mtu(const struct network_conf *network, const struct network_nic *section,
		      const struct conf_facts *facts, struct diag *diag)
{
	for (size_t i = 0; i < facts->link_count; i++) {
		const struct conf_link *nic = &facts->links[i];

		if (nic->mtu_max_bytes && section->mtu_bytes > nic->mtu_max_bytes && fits(network, section, nic))
			diag_error_unless_ran(diag, NETWORK_FILE, section->line,
					      "MTUBytes %u: %s takes at most %u", section->mtu_bytes, nic->name,
					      nic->mtu_max_bytes);
	}
}

static bool has_router6(const struct network_nic *section)
{
	for (size_t i = 0; i < section->route_count; i++)
		if (!section->routes[i].destination.len && section->routes[i].gateway.family == AF_INET6)
			return true;
	return false;
}

static const struct conf_link *find_advertised(const struct network_conf *network, const struct network_nic *section,
					      const struct conf_facts *facts)
{
	for (size_t i = 0; i < facts->link_count; i++)
		if (facts->links[i].advertised && fits(network, section, &facts->links[i]))
			return &facts->links[i];
	return NULL;
}

/* Where the file says nothing of advertisements, and what it says else turns them off: a router that the NIC had by them is
 * gone. Whether there was one is known only while they are taken, so that the file without any is pointed out too. */
static void check_advertised(const struct network_conf *network, const struct network_nic *section,
			     const struct conf_facts *facts, struct diag *diag)
{
	const struct conf_link *nic;

	if (section->unmanaged || section->accept_ra != NETWORK_RA_DEFAULT || network_accepts_ra(section))
		return;
	nic = find_advertised(network, section, facts);
	if (nic)
		diag_warning(diag, NETWORK_FILE, section->line,
			     "%s has routes that routers advertised; with an IPv6 Address or Gateway in the file they go, "
			     "unless it says IPv6AcceptRA=yes", nic->name);
	else if (!has_router6(section))
		diag_warning(diag, NETWORK_FILE, section->line,
			     "an IPv6 Address without an IPv6 Gateway: none is taken from advertisements either; expected "
			     "Gateway or IPv6AcceptRA=yes, or IPv6AcceptRA=no when there is no router");
}

void nics_check(const struct network_conf *network, const struct conf_facts *facts, struct diag *diag)
{
	for (size_t i = 0; i < network->nic_count; i++) {
		check_one_nic(network, &network->nics[i], facts, diag);
		check_mtu(network, &network->nics[i], facts, diag);
		check_advertised(network, &network->nics[i], facts, diag);
	}
}

#include "nics/dhcp_state.h"

#include <string.h>

#include "base/text.h"
#include "nics/dhcp_tell.h"

enum { TROUBLE_LEN = 1024 };

const struct dhcp_family dhcp_families[LEASE_FAMILIES] = {
	[LEASE_IPV4] = { NETWORK_DHCP4, AF_INET },
	[LEASE_IPV6] = { NETWORK_DHCP6, AF_INET6 },
};

bool dhcp_is_used(const struct dhcp_client *client)
{
	return client->dhcp && client->wanted;
}

const struct lease *dhcp_in_use(const struct dhcp_client *client, enum lease_family family)
{
	const struct nic_leases *its = leases_of(&client->dhcp->leases, &client->link);

	return its && client->wants & dhcp_families[family].bit && its->by[family].address.addr.family ? &its->by[family] : NULL;
}

const struct dhcp_client *dhcp_of(const struct dhcp *dhcp, const char *nic)
{
	for (size_t i = 0; i < dhcp->count; i++)
		if (dhcp_is_used(&dhcp->clients[i]) && !strcmp(dhcp->clients[i].link.name, nic))
			return &dhcp->clients[i];
	return NULL;
}

bool dhcp_waits(const struct dhcp *dhcp)
{
	for (size_t i = 0; i < dhcp->count; i++) {
		const struct dhcp_client *client = &dhcp->clients[i];

		if (dhcp_is_used(client) && client->silence.armed && client->link.carrier && !dhcp_in_use(client, LEASE_IPV4) && !dhcp_in_use(client, LEASE_IPV6))
			return true;
	}
	return false;
}

void dhcp_forget_unwanted(struct dhcp *dhcp, uint64_t now_ns)
{
	for (size_t i = 0; i < dhcp->leases.count;) {
		struct nic_leases *its = &dhcp->leases.list[i];
		unsigned wants = 0;
		bool any = false;

		for (size_t j = 0; j < dhcp->count; j++)
			if (dhcp_is_used(&dhcp->clients[j]) && leases_of(&dhcp->leases, &dhcp->clients[j].link) == its)
				wants = dhcp->clients[j].wants;
		for (enum lease_family family = 0; family < LEASE_FAMILIES; family++) {
			if (!(wants & dhcp_families[family].bit) && its->until_ns[family] <= now_ns)
				its->by[family] = (struct lease){ .seconds = 0 };
			any = any || its->by[family].address.addr.family;
		}
		if (any || wants)
			i++;
		else
			*its = dhcp->leases.list[--dhcp->leases.count];
	}
}

static bool is_of_tunnels(const struct leases *leases, const struct lease *lease)
{
	bool any = leases_has_address(leases, &lease->address.addr);

	for (size_t i = 0; i < lease->route_count && !any; i++)
		any = leases_is_tunnels(leases, &lease->routes[i].destination);
	return any;
}

void dhcp_guard_tunnels(struct dhcp *dhcp, struct nl *nl, const struct inet_prefix *vpn, uint64_t now_ns)
{
	/* What a process before this one had is no one's yet. */
	if (dhcp->count)
		dhcp_forget_unwanted(dhcp, now_ns);
	(void)leases_find_tunnels(&dhcp->leases, nl, vpn);
	for (size_t i = 0; i < dhcp->count; i++)
		for (enum lease_family family = 0; family < LEASE_FAMILIES && dhcp_is_used(&dhcp->clients[i]); family++) {
			const struct lease *lease = dhcp_in_use(&dhcp->clients[i], family);
			struct dhcp_slot *slot = &dhcp->clients[i].slots[family];

			if (lease && !slot->tunnels && is_of_tunnels(&dhcp->leases, lease)) {
				dhcp_tell_tunnels(dhcp->clients[i].link.name, family, lease);
				slot->tunnels = true;
			}
		}
}

size_t dhcp_nics(const struct dhcp *dhcp, struct filter_nic nics[static LEASES_MAX])
{
	size_t count = 0;

	for (size_t i = 0; i < dhcp->count; i++) {
		const struct dhcp_client *client = &dhcp->clients[i];

		if (!dhcp_is_used(client))
			continue;
		nics[count] = (struct filter_nic){ .dhcp4 = client->wants & NETWORK_DHCP4, .dhcp6 = client->wants & NETWORK_DHCP6 };
		text_format(nics[count++].name, sizeof(nics[0].name), "%s", client->link.name);
	}
	return count;
}

void dhcp_add_dns(const struct dhcp *dhcp, struct resolv_others *others)
{
	for (size_t i = 0; i < dhcp->count; i++)
		for (enum lease_family family = 0; family < LEASE_FAMILIES && dhcp_is_used(&dhcp->clients[i]); family++) {
			const struct lease *lease = dhcp_in_use(&dhcp->clients[i], family);

			for (size_t j = 0; lease && j < lease->dns_count && !dhcp->clients[i].use[family].no_dns; j++)
				resolv_add(others, &(struct network_dns){ .addr = lease->dns[j] }, "DHCP");
		}
}

static size_t collect_ntp(const struct dhcp *dhcp, struct inet_addr ntp[static DHCP_NTP_MAX])
{
	size_t count = 0;

	for (size_t i = 0; i < dhcp->count; i++)
		for (enum lease_family family = 0; family < LEASE_FAMILIES && dhcp_is_used(&dhcp->clients[i]); family++) {
			const struct lease *lease = dhcp_in_use(&dhcp->clients[i], family);

			for (size_t j = 0; lease && j < lease->ntp_count && !dhcp->clients[i].use[family].no_ntp && count < DHCP_NTP_MAX; j++)
				ntp[count++] = lease->ntp[j];
		}
	return count;
}

/* A NIC without a cable is told of as that. One that asks by both is on networks of which many have one alone. */
static void collect_trouble(const struct dhcp *dhcp, struct text *to)
{
	for (size_t i = 0; i < dhcp->count; i++) {
		const struct dhcp_client *client = &dhcp->clients[i];

		for (enum lease_family family = 0; family < LEASE_FAMILIES && dhcp_is_used(client) && client->link.carrier; family++) {
			const struct lease *lease = dhcp_in_use(client, family);

			if (client->slots[family].silent && (lease || family == LEASE_IPV4 || client->wants == NETWORK_DHCP6))
				dhcp_tell_trouble(to, client->link.name, family, lease, client->slots[family].kept);
		}
	}
}

void dhcp_publish(const struct dhcp *dhcp)
{
	struct inet_addr ntp[DHCP_NTP_MAX];
	char trouble_bytes[TROUBLE_LEN];
	struct text trouble;

	text_init(&trouble, trouble_bytes, sizeof(trouble_bytes));
	collect_trouble(dhcp, &trouble);
	dhcp_kept_put_trouble(dhcp->run_dir, &trouble);
	dhcp_kept_put_ntp(dhcp->run_dir, ntp, collect_ntp(dhcp, ntp));
	dhcp_kept_put(dhcp->run_dir, &dhcp->leases);
}

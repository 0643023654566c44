#include "network/leases.h"

#include <linux/rtnetlink.h>
#include <string.h>

#include "conf/value.h"

/* Behind what the file's own routes have (apply.c); systemd.network(5)'s is 1024 for all. */
enum { METRIC_DHCP = 1024, METRIC_STEP = NICS_MAX };

static bool is_of(const struct nic_leases *leases, const struct link *link)
{
	return !strcmp(leases->nic, link->name) && !memcmp(leases->mac, link->own_mac, sizeof(leases->mac));
}

const struct nic_leases *leases_of(const struct leases *leases, const struct link *link)
{
	for (size_t i = 0; leases && i < leases->count; i++)
		if (is_of(&leases->list[i], link))
			return &leases->list[i];
	return NULL;
}

struct nic_leases *leases_put(struct leases *leases, const struct link *link)
{
	for (size_t i = 0; i < leases->count; i++)
		if (is_of(&leases->list[i], link))
			return &leases->list[i];
	if (leases->count == LEASES_MAX)
		return NULL;
	leases->list[leases->count] = (struct nic_leases){ .nic = "" };
	memcpy(leases->list[leases->count].nic, link->name, IFNAMSIZ);
	memcpy(leases->list[leases->count].mac, link->own_mac, LINK_MAC_LEN);
	return &leases->list[leases->count++];
}

/* ---- what is not for servers to say ---- */

struct tunnels {
	struct leases *leases;
	uint32_t indexes[LEASES_TUNNELS_MAX];
	size_t count;
};

static void note_tunnel(const struct link *link, void *arg)
{
	struct tunnels *tunnels = arg;

	if (slice_starts(slice_of(link->alias), LINK_ALIAS_OURS) && !nics_is_made(link) && tunnels->count < LEASES_TUNNELS_MAX)
		tunnels->indexes[tunnels->count++] = link->index;
}

static void note_address(const struct link_address *address, void *arg)
{
	struct tunnels *tunnels = arg;
	struct leases *leases = tunnels->leases;

	for (size_t i = 0; i < tunnels->count && address->scope == RT_SCOPE_UNIVERSE; i++)
		if (tunnels->indexes[i] == address->index && leases->tunnel_count < LEASES_TUNNELS_MAX)
			leases->tunnels[leases->tunnel_count++] = address->prefix;
}

int leases_find_tunnels(struct leases *leases, struct nl *nl, const struct inet_prefix *vpn)
{
	struct tunnels tunnels = { .leases = leases };
	int err = link_each(nl, note_tunnel, &tunnels);

	leases->tunnel_count = 0;
	if (vpn && vpn->addr.family)
		leases->tunnels[leases->tunnel_count++] = *vpn;
	return err < 0 || !tunnels.count ? err : link_address_each(nl, 0, note_address, &tunnels);
}

bool leases_has_address(const struct leases *leases, const struct inet_addr *addr)
{
	for (size_t i = 0; i < leases->tunnel_count; i++)
		if (inet_contains(&leases->tunnels[i], addr))
			return true;
	return false;
}

bool leases_is_tunnels(const struct leases *leases, const struct inet_prefix *network)
{
	for (size_t i = 0; i < leases->tunnel_count; i++)
		if (inet_contains(&leases->tunnels[i], &network->addr) && network->len >= leases->tunnels[i].len)
			return true;
	return false;
}

/* ---- onto a section ---- */

static const struct lease *ipv4_of(const struct leases *leases, const struct network_nic *section, const struct link *link)
{
	const struct nic_leases *its = leases_of(leases, link);

	return its && section && section->dhcp & NETWORK_DHCP4 && !section->dhcp4.no_routes ? &its->by[LEASE_IPV4] : NULL;
}

/* By the order of the NICs: the first that wants a metric has it. */
static uint32_t metric_of(const struct leases *leases, const struct network_conf *conf, const struct nics *nics, const struct link *link)
{
	uint32_t taken[NICS_MAX];

	for (size_t i = 0; i < nics->count; i++) {
		const struct network_nic *section = nics->matches[i].section;
		uint32_t metric = 0;

		if (ipv4_of(leases, section, &nics->list[i]))
			metric = section->dhcp4.metric ? section->dhcp4.metric
						       : METRIC_DHCP + METRIC_STEP * (uint32_t)(section - conf->nics);
		for (size_t j = 0; j < i && metric; j++)
			if (taken[j] == metric) {
				metric++;
				j = (size_t)-1; /* from the first again */
			}
		taken[i] = metric;
		if (&nics->list[i] == link || nics->list[i].index == link->index)
			return metric;
	}
	return METRIC_DHCP;
}

static bool has_route(const struct network_nic *section, const struct inet_prefix *destination)
{
	for (size_t i = 0; i < section->route_count; i++)
		if (inet_prefix_equal(&section->routes[i].destination, destination))
			return true;
	return false;
}

static void add_address(const struct leases *leases, struct network_nic *section, const struct lease *lease)
{
	for (size_t i = 0; i < section->address_count; i++)
		if (inet_addr_equal(&section->addresses[i].addr, &lease->address.addr))
			return;
	if (lease->address.addr.family && section->address_count < NETWORK_ADDRESSES_MAX && !leases_has_address(leases, &lease->address.addr))
		section->addresses[section->address_count++] = lease->address;
}

static void add_routes(const struct leases *leases, struct network_nic *section, const struct lease *lease, uint32_t metric)
{
	for (size_t i = 0; i < lease->route_count && section->route_count < NETWORK_ROUTES_MAX; i++)
		if (!has_route(section, &lease->routes[i].destination) && !leases_is_tunnels(leases, &lease->routes[i].destination))
			section->routes[section->route_count++] = (struct network_route){ .destination = lease->routes[i].destination,
											   .gateway = lease->routes[i].gateway,
											   .metric = metric };
}

const struct network_nic *leases_onto(const struct leases *leases, const struct network_conf *conf, const struct nics *nics,
				      const struct link *link, const struct network_nic *section)
{
	static struct network_nic merged;
	const struct nic_leases *its = leases_of(leases, link);

	if (!its || !section->dhcp)
		return section;
	merged = *section;
	if (section->dhcp & NETWORK_DHCP4)
		add_address(leases, &merged, &its->by[LEASE_IPV4]);
	if (section->dhcp & NETWORK_DHCP6)
		add_address(leases, &merged, &its->by[LEASE_IPV6]);
	/* The address of a lease says nothing of whether routers are listened to. */
	merged.accept_ra = section->unmanaged ? section->accept_ra : network_accepts_ra(section) ? NETWORK_RA_YES : NETWORK_RA_NO;
	if (ipv4_of(leases, section, link))
		add_routes(leases, &merged, &its->by[LEASE_IPV4], metric_of(leases, conf, nics, link));
	return &merged;
}

/* ---- as text ---- */

static const char *const family_words[LEASE_FAMILIES] = { [LEASE_IPV4] = "ipv4", [LEASE_IPV6] = "ipv6" };

void leases_write(const struct leases *leases, struct text *to)
{
	for (size_t i = 0; i < leases->count; i++) {
		const struct nic_leases *its = &leases->list[i];

		for (int family = 0; family < LEASE_FAMILIES; family++) {
			if (!its->by[family].address.addr.family)
				continue;
			text_add(to, "lease %s %s ", family_words[family], its->nic);
			for (size_t j = 0; j < sizeof(its->mac); j++)
				text_add(to, "%02x", its->mac[j]);
			text_add(to, "\n");
			lease_write(&its->by[family], to);
		}
	}
}

static bool read_mac(struct slice word, uint8_t mac[static LINK_MAC_LEN])
{
	static const char digits[] = "0123456789abcdef";

	if (word.len != (size_t)2 * LINK_MAC_LEN)
		return false;
	for (size_t i = 0; i < word.len; i++) {
		const char *digit = word.ptr[i] ? strchr(digits, word.ptr[i]) : NULL;

		if (!digit)
			return false;
		mac[i / 2] = (uint8_t)(mac[i / 2] << 4 | (digit - digits));
	}
	return true;
}

/* "lease FAMILY NIC MAC": the one whose lines follow, or NULL. */
static struct lease *read_head(struct leases *leases, struct slice line)
{
	struct slice word, family, nic, mac;
	struct link link = { .index = 0 };
	struct nic_leases *its;
	size_t which;

	if (!slice_word(&line, &word) || !slice_word(&line, &family) || !slice_word(&line, &nic) || !slice_word(&line, &mac) ||
	    !value_device(nic) || slice_copy(nic, link.name, sizeof(link.name)) < 0 || !read_mac(mac, link.own_mac))
		return NULL;
	which = slice_among(family, family_words, LEASE_FAMILIES);
	its = which < LEASE_FAMILIES ? leases_put(leases, &link) : NULL;
	if (its)
		its->by[which] = (struct lease){ .seconds = 0 };
	return its ? &its->by[which] : NULL;
}

void leases_read(struct leases *leases, struct slice text)
{
	struct lease *lease = NULL;
	struct slice line;

	leases->count = 0;
	while (slice_cut(&text, '\n', &line)) {
		if (slice_starts(line, "lease "))
			lease = read_head(leases, line);
		else if (lease)
			(void)lease_read(lease, line);
	}
	/* Of the other family, as no one writes it. */
	for (size_t i = 0; i < leases->count; i++) {
		struct lease *by = leases->list[i].by;

		if (by[LEASE_IPV4].address.addr.family != AF_INET)
			by[LEASE_IPV4] = (struct lease){ .seconds = 0 };
		if (by[LEASE_IPV6].address.addr.family != AF_INET6)
			by[LEASE_IPV6] = (struct lease){ .seconds = 0 };
	}
}
